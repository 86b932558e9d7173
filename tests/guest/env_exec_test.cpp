// The program that lays the env file over an environment.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/guest/init_guest.h"
#include "tests/support/files.h"

namespace microvm::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsSupersetOf;

constexpr std::size_t kMostBytes = 1024 * 1024;

class EnvExecTest : public ::testing::Test {
 protected:
  static Finished exec(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), required_env("ENV_EXEC"));
    return run({.argv = arguments, .env = {{"KEPT", "as it was"}, {"EQUALS", "old"}}});
  }
  std::string write(const std::string& text) {
    write_file(dir_ / "env", text);
    return dir_ / "env";
  }
  std::string write(const metadata::Env& env) {
    std::string text;
    for (const auto& [key, value] : env) text += key + "=" + value + "\n";
    return write(text);
  }
  static void expect_refused(const std::string& file, const std::string& why) {
    const Finished done = exec({"-f", file, "echo", "ran"});
    EXPECT_EQ(done.status, ExitStatus{.code = 1});
    EXPECT_EQ(done.out, "");
    EXPECT_THAT(done.err, AllOf(HasSubstr(file), HasSubstr(why)));
  }

 private:
  TempDir dir_;
};

TEST_F(EnvExecTest, HandsEveryValueOverUnchanged) {
  metadata::Env env = nasty_env();
  for (const char* shells_own : {"IFS", "OPTIND", "RANDOM", "SECONDS", "UID", "PPID", "_"})
    env[shells_own] = "x[$(id)]";
  const Finished done = exec({"-f", write(env), "env", "-0"});
  ASSERT_EQ(done.status, ExitStatus{.code = 0}) << done.err;
  EXPECT_THAT(parse_env(done.out), IsSupersetOf(env));
  EXPECT_EQ(parse_env(done.out)["KEPT"], "as it was");
  EXPECT_THAT(done.out, ::testing::Not(HasSubstr("EQUALS=old")));
}

TEST_F(EnvExecTest, BecomesTheProgramWithItsArguments) {
  for (const metadata::Env& env : {metadata::Env{}, nasty_env()}) {
    const Finished done = exec({"-f", write(env), "sh", "-c", "printf '%s|' \"$@\"; exit 7", "-f", "a b", "$c", ""});
    EXPECT_EQ(done.out, "a b|$c||");
    EXPECT_EQ(done.err, "");
    EXPECT_EQ(done.status, ExitStatus{.code = 7});
  }
}

TEST_F(EnvExecTest, TakesALastLineWithoutNewline) {
  EXPECT_EQ(exec({"-f", write("A=1\nB=2"), "printenv", "B"}).out, "2\n");
}

TEST_F(EnvExecTest, RunsNothingWithoutAWholeFile) {
  expect_refused("/nonexistent/env", "No such file");
  expect_refused(write("A=1\nno pair\nB=2\n"), "KEY=VALUE");
  expect_refused(write("=1\n"), "KEY=VALUE");
  expect_refused(write("A=" + std::string(kMostBytes - 1, 'x')), "too large");
  // As long as the daemon writes it, though no program can have a value of that size.
  EXPECT_THAT(exec({"-f", write("A=" + std::string(kMostBytes - 2, 'x')), "true"}).err,
              HasSubstr("Argument list too long"));
}

TEST_F(EnvExecTest, SaysWhyTheProgramDoesNotRun) {
  EXPECT_EQ(exec({"-f", write(""), "/nonexistent/program"}).status, ExitStatus{.code = 127});
  EXPECT_EQ(exec({"-f", write(""), "/"}).status, ExitStatus{.code = 126});
}

TEST_F(EnvExecTest, AsksForAProgram) {
  for (const std::vector<std::string>& arguments :
       std::vector<std::vector<std::string>>{{}, {"-f"}, {"-f", "x"}, {"-h"}}) {
    const Finished done = exec(arguments);
    EXPECT_EQ(done.status, ExitStatus{.code = 2});
    EXPECT_THAT(done.err, HasSubstr("usage: "));
  }
}

}  // namespace
}  // namespace microvm::test
