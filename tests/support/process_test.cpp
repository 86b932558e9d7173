// What other tests rely on: children that end, say what they said, and leave nothing.
#include "tests/support/process.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>
#include <system_error>
#include <thread>

#include "tests/support/files.h"
#include "tests/support/temp_dir.h"

namespace microvm::test {
namespace {

using namespace std::chrono_literals;

std::vector<std::string> shell(std::string script) { return {"sh", "-c", std::move(script)}; }

bool killed_soon(pid_t child) {
  const Deadline deadline = Deadline::after(10s);
  int status = 0;
  pid_t ended = 0;
  while ((ended = ::waitpid(child, &status, WNOHANG)) == 0 && !deadline.passed()) std::this_thread::sleep_for(1ms);
  return ended == child && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
}

TEST(ProcessTest, StatusAndOutput) {
  const Finished finished =
      run({.argv = shell("cat; echo \"$WORD\" >&2; exit 7"), .env = {{"WORD", "err"}}, .input = "in"});
  EXPECT_EQ(finished.status, ExitStatus{.code = 7});
  EXPECT_EQ(finished.out, "in");
  EXPECT_EQ(finished.err, "err\n");
  EXPECT_EQ(run({.argv = shell("kill -9 $$")}).status, ExitStatus{.signal = SIGKILL});
}

TEST(ProcessTest, OutputIsBounded) {
  const Finished finished = run({.argv = shell("head -c 100000 /dev/zero"), .output_limit = 8192});
  EXPECT_NE(finished.status, ExitStatus{.code = 0});
  EXPECT_LE(finished.out.size(), 8192U);
}

TEST(ProcessTest, WaitsHaveADeadline) {
  Process process({.argv = {"sleep", "100"}});
  EXPECT_FALSE(process.wait(5ms));
  EXPECT_THROW(run({.argv = {"sleep", "100"}}, 5ms), std::runtime_error);
}

TEST(ProcessTest, AProgramThatIsNotThereIsTold) {
  EXPECT_THROW(Process({.argv = {"/nonexistent/program"}}), std::system_error);
}

TEST(ProcessTest, IsKilledAndReapedAtTheEndOfItsScope) {
  pid_t pid = -1;
  {
    const Process process({.argv = {"sleep", "100"}});
    pid = process.pid();
    EXPECT_EQ(::kill(pid, 0), 0);
  }
  EXPECT_NE(::kill(pid, 0), 0);
}

TEST(ProcessTest, DiesWithTheTest) {
  const TempDir dir;
  ASSERT_EQ(::prctl(PR_SET_CHILD_SUBREAPER, 1), 0);  // the orphan is ours then
  const pid_t test = ::fork();
  if (test == 0) {
    const Process process({.argv = {"sleep", "100"}});
    write_file(dir / "pid", std::to_string(process.pid()));
    ::_exit(0);
  }
  ASSERT_EQ(::waitpid(test, nullptr, 0), test);
  EXPECT_TRUE(killed_soon(std::stoi(read_file(dir / "pid"))));
}

TEST(ProcessTest, GetsTheDescriptorsItIsGivenAndNoOthers) {
  const UniqueFd other(::dup(2));
  const std::string names = run({.argv = shell("echo /proc/self/fd/*"), .fds = {{2, 5}, {2, 4}}}).out;
  // 3 is the shell's own, which lists them.
  EXPECT_THAT(names, testing::StartsWith("/proc/self/fd/0 /proc/self/fd/1 /proc/self/fd/2 /proc/self/fd/3 "
                                         "/proc/self/fd/4 /proc/self/fd/5\n"));
}

TEST(ProcessTest, ListenPidIsTheChilds) {
  Process process({.argv = shell("echo $$ $LISTEN_PID $LISTEN_FDS"), .listen_fds = 2});
  ASSERT_TRUE(process.wait(10s));
  const std::string pid = std::to_string(process.pid());
  EXPECT_EQ(process.out(), pid + " " + pid + " 2\n");
}

TEST(TempDirTest, IsPrivateAndGoesWithAllItHolds) {
  std::string path;
  {
    const TempDir dir;
    path = dir.path();
    EXPECT_EQ(mode_of(path), 0700U);
    make_dir(dir / "a");
    write_file(dir / "a/b", "");
  }
  EXPECT_FALSE(exists(path));
}

}  // namespace
}  // namespace microvm::test
