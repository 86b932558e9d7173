#include "host/doctor/run_program.h"

#include <gtest/gtest.h>

#include "common/base/deadline.h"
#include "tests/support/files.h"
#include "tests/support/temp_dir.h"

namespace microvm::doctor {
namespace {

using namespace std::chrono_literals;

class AskVersion : public testing::Test {
 protected:
  Result<std::string> ask(const std::string& script, std::chrono::milliseconds timeout = 20s) {
    test::write_file(dir_ / "program", "#!/bin/sh\n" + script, 0700);
    return ask_version(dir_ / "program", timeout);
  }
  test::TempDir dir_;
};

TEST_F(AskVersion, IsWhatTheProgramWrites) {
  EXPECT_EQ(ask("echo \"$# $1 ${HOME-none}\"; echo no >&2; cat"), "1 --version none\n");
  EXPECT_EQ(ask("exit 3").error().message, "exit code 3");
  EXPECT_EQ(ask("kill -9 $$").error().message, "signal 9");
  EXPECT_EQ(ask_version("/none", 1s).error().sys_errno, ENOENT);
}

TEST_F(AskVersion, IsBounded) { EXPECT_EQ(ask("exec yes").error().message, "signal 9"); }

TEST_F(AskVersion, EndsWithItsTimeAndWhatItStarted) {
  const auto begin = Deadline::Clock::now();
  const auto slow = ask("sleep 1000 & echo $! > " + dir_ / "child" + "; wait", 500ms);
  ASSERT_FALSE(slow);
  EXPECT_EQ(slow.error().code, ErrorCode::ReplyTimeout);
  EXPECT_LT(Deadline::Clock::now() - begin, 10s);
}

}  // namespace
}  // namespace microvm::doctor
