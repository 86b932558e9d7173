// The port: who may take it from the daemon, and what the daemon says then.
#include <gmock/gmock.h>

#include "tests/guest/guest_test.h"

namespace microvm::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

TEST_F(GuestTest, TakenPortIsExplained) {
  start("vsock_probe --uid 1000 listen 5555");
  output("until grep -q listening /run/log; do usleep 1000; done");
  const GuestVm::Answer daemon = vm().run("microvm-guest-metadatad");
  EXPECT_EQ(daemon.status, 1);
  EXPECT_THAT(daemon.out,
              AllOf(HasSubstr("5555"), HasSubstr("1023"), HasSubstr("1024"), HasSubstr("socket activation")));
}

TEST_F(GuestTest, PortBelow1024IsOutOfReachOfOthers) {
  const GuestVm::Answer probe = vm().run("vsock_probe --uid 1000 listen 800");
  EXPECT_EQ(probe.status, 1);
  EXPECT_EQ(probe.out, "bind: errno 13\n");
  start_daemon("--port 800");
  metadata::Client client = connect(800);
  EXPECT_TRUE(client.ping()) << log();
  EXPECT_TRUE(client.set_env({{"A", "1"}}));
  EXPECT_EQ(output("cat /run/microvm-guest/env"), "A=1");
}

TEST_F(GuestTest, TermEndsTheDaemonWithStatus0) {
  output("{ microvm-guest-metadatad; echo ended $? >>/run/log; } >/run/log 2>&1 &");
  metadata::Client client = connect();
  ASSERT_TRUE(client.ping());
  end(output("pidof microvm-guest-metadatad"), "TERM");
  EXPECT_THAT(output("until grep ended /run/log; do usleep 1000; done"), "ended 0");
}

}  // namespace
}  // namespace microvm::test
