// A kernel that lacks a part of the confinement: the daemon serves and says so, or does not start.
#include <sys/syscall.h>

#include "tests/confinement/confined.h"
#include "tests/support/deny_calls.h"

namespace microvm::confinement {
namespace {

using contract::kPong;
using testing::HasSubstr;

class Lacking : public ConfinedTest, public testing::WithParamInterface<int> {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root to take a system call away";
    switch (GetParam()) {
      case SYS_capset:
        held_.capabilities = false;
        break;
      case SYS_seccomp:
        held_.seccomp = false;
        break;
      default:
        held_.landlock = 0;
    }
  }
  test::ProcessSpec lacking() const { return {.before_exec = test::without_calls({GetParam()})}; }
  Held held_;
};

TEST_P(Lacking, ItServesAndSaysSo) {
  start({}, lacking());
  expect_held(held_);
  EXPECT_EQ(daemon().ask(contract::set_secret("s")), kPong);
}

TEST_P(Lacking, ItDoesNotStartWhenItMustBeConfined) {
  const test::Finished refused = run_to_end({"--require-confinement"}, lacking());
  EXPECT_EQ(refused.status, ExitStatus{.code = 1});
  EXPECT_THAT(refused.err, HasSubstr("error: not confined by " + held_.missing() + "\n"));
  EXPECT_FALSE(test::exists(paths_.socket));
}

INSTANTIATE_TEST_SUITE_P(Each, Lacking,
                         testing::Values(SYS_capset, SYS_seccomp, SYS_landlock_create_ruleset, SYS_landlock_add_rule,
                                         SYS_landlock_restrict_self));

using Required = ConfinedTest;

TEST_F(Required, ItStartsWhereAllOfItHolds) {
  if (!Held().missing().empty()) GTEST_SKIP() << "not to be had here: " << Held().missing();
  start({"--require-confinement"});
  expect_held({});
}

}  // namespace
}  // namespace microvm::confinement
