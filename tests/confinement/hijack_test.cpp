// What a daemon that was taken over could still do, tried by a program that is confined in its place.
#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/confinement/attempts.h"
#include "tests/confinement/kernel.h"
#include "tests/support/deny_calls.h"
#include "tests/support/files.h"
#include "tests/support/process.h"
#include "tests/support/temp_dir.h"

namespace microvm::confinement {
namespace {

using test::ExitStatus;

class Hijacked : public testing::Test {
 protected:
  Hijacked() {
    test::make_dir(state_);
    test::write_file(file_, "x");
  }
  Attempts attempts(const std::string& how, test::ProcessSpec spec = {}) const {
    spec.argv = {test::required_env("HIJACK_PROBE"), how, state_, file_};
    const test::Finished finished = test::run(spec);
    EXPECT_EQ(finished.status, ExitStatus{.code = 0}) << finished.out << finished.err;
    return parse_attempts(finished.out);
  }

  test::TempDir dir_;
  std::string state_ = dir_ / "state";
  std::string file_ = dir_ / "file";
};

// Else being refused would prove nothing.
TEST_F(Hijacked, FreeItCouldDoAll) { expect_possible(attempts("free"), false); }

TEST_F(Hijacked, CanDoNothing) {
  const Attempts confined = attempts("confined");
  EXPECT_EQ(confined.landlock, usable_landlock());
  if (confined.landlock == 0) GTEST_SKIP() << "this kernel has no Landlock: files outside are not kept away";
  expect_refused(confined);
}

TEST_F(Hijacked, CanDoLittleWithoutTheListOfCalls) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root to take a system call away";
  expect_refused_without_seccomp(attempts("confined", {.before_exec = test::without_calls({SYS_seccomp})}));
}

#ifdef __x86_64__
TEST_F(Hijacked, FindsNoOtherDoorToTheKernel) {
  const test::Finished finished = test::run({.argv = {test::required_env("HIJACK_PROBE"), "i386", state_}});
  const bool no_such_door = finished.status == ExitStatus{.signal = SIGSEGV};
  EXPECT_TRUE(no_such_door || finished.status == ExitStatus{.code = ENOSYS}) << finished.status.code;
}
#endif

}  // namespace
}  // namespace microvm::confinement
