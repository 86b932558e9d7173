// The daemon's confinement in a guest: that all of it holds there, and what is left to one that was taken over.
#include <gmock/gmock.h>

#include "tests/confinement/attempts.h"
#include "tests/guest/guest_test.h"

namespace microvm::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class GuestConfinementTest : public GuestTest {
 protected:
  static confinement::Attempts attempts(const std::string& how) {
    output("rm -rf /run/hijack; mkdir -p /run/hijack/state; echo x >/run/hijack/file");
    return confinement::parse_attempts(
        output("$(command -v hijack_probe) " + how + " /run/hijack/state /run/hijack/file"));
  }
};

TEST_F(GuestConfinementTest, AllOfItHolds) {
  const std::string pid = start_daemon("--require-confinement");
  EXPECT_TRUE(connect().set_secret("token", {})) << log();
  EXPECT_THAT(log(), Not(HasSubstr("not confined")));
  const std::string status = output("cat /proc/" + pid + "/status");
  for (const char* line : {"CapPrm:\t0000000000000000\n", "CapEff:\t0000000000000000\n", "CapBnd:\t0000000000000000\n",
                           "NoNewPrivs:\t1\n", "Seccomp:\t2\n"}) {
    EXPECT_THAT(status, HasSubstr(line));
  }
}

TEST_F(GuestConfinementTest, AHijackedDaemonCanDoNothing) {
  confinement::expect_possible(attempts("free"), true);
  const confinement::Attempts confined = attempts("confined");
  confinement::expect_refused(confined);
  EXPECT_GE(confined.landlock, 2U);
}

}  // namespace
}  // namespace microvm::test
