// The running process: what may not be dumped, what it holds, and its log.
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <thread>

#include "tests/contract/daemon_test.h"
#include "tests/contract/process_state.h"

namespace microvm::contract {
namespace {
namespace fs = std::filesystem;

class RunningProcess : public DaemonTest {
 protected:
  [[nodiscard]] pid_t pid() { return daemon().process().pid(); }
};

TEST_F(RunningProcess, NoCoreDump) {
  start({}, {.rlimits = {{RLIMIT_CORE, {RLIM_INFINITY, RLIM_INFINITY}}}});
  EXPECT_EQ(limits_of(pid(), "Max core file size"), std::pair("0"s, "0"s));
}

// The kernel gives the files of a process that may not be dumped to root, whoever runs it.
TEST_F(RunningProcess, IsNotDumpable) {
  constexpr uid_t kNobody = 65534;
  if (::geteuid() != 0) GTEST_SKIP() << "needs root to run the daemon as another user";
  fs::permissions(dir_.path(), fs::perms(0755));
  const std::string program = dir_ / "daemon";
  fs::copy_file(test::required_env("METADATAD_BIN"), program);
  ASSERT_EQ(::chmod(program.c_str(), 0755), 0);
  test::make_dir(dir_ / "home", 0700);
  ASSERT_EQ(::chown((dir_ / "home").c_str(), kNobody, kNobody), 0);
  paths_ = DaemonPaths(dir_ / "home");
  start({}, {.argv = {program}, .uid = kNobody});
  EXPECT_EQ(status_of(pid(), "Uid"), std::to_string(kNobody));
  EXPECT_EQ(test::stat_of("/proc/" + std::to_string(pid()) + "/mem").st_uid, 0U);
}

TEST_F(RunningProcess, OneThread) {
  start();
  ASSERT_EQ(daemon().ask(set_secret("s")), kPong);
  EXPECT_EQ(status_of(pid(), "Threads"), "1");
}

TEST_F(RunningProcess, IdleCostsNothing) {
  start();
  LineClient idle = daemon().client();
  ASSERT_EQ(idle.ask(kPing), kPong);
  LineClient unfinished = daemon().client();
  ASSERT_TRUE(unfinished.send("{"));
  std::this_thread::sleep_for(50ms);
  const auto cpu = cpu_time_of(pid());
  std::this_thread::sleep_for(300ms);
  EXPECT_LT(cpu_time_of(pid()) - cpu, 5ms);
}

TEST_F(RunningProcess, ResidentMemoryIdle) {
  if (test::required_env("METADATAD_BIN") != test::required_env("METADATAD_STATIC_BIN")) {
    GTEST_SKIP() << "only the static program has a promise";
  }
  start();
  ASSERT_EQ(daemon().ask(kPing), kPong);
  RecordProperty("resident_kib", static_cast<int>(resident_bytes(pid()) / 1024));
  EXPECT_LE(resident_bytes(pid()), 512U * 1024);
}

// ---- the log ----

TEST_F(RunningProcess, LogIsRateLimited) {
  start();
  fs::remove_all(paths_.state_dir);
  LineClient client = daemon().client();
  for (int i = 0; i < 3000; ++i) ASSERT_THAT(client.ask(set_secret("s")), IsError(paths_.state_dir));
  EXPECT_LE(std::ranges::count(daemon().log(), '\n'), 60);
}

TEST_F(RunningProcess, BadRequestsAreNotLoggedEach) {
  start();
  LineClient client = daemon().client();
  for (int i = 0; i < 3000; ++i) client.ask("hunter2\n");
  EXPECT_LE(std::ranges::count(daemon().log(), '\n'), 60);
}

TEST_F(RunningProcess, LogThatNobodyReadsDoesNotStopIt) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const UniqueFd reader(ends[0]);
  UniqueFd writer(ends[1]);
  ASSERT_EQ(::fcntl(writer.get(), F_SETPIPE_SZ, 4096), 4096);
  start({}, {.fds = {{writer.get(), 2}}});
  writer.reset();
  fs::remove_all(paths_.state_dir);
  LineClient client = daemon().client();
  for (int i = 0; i < 200; ++i) ASSERT_THAT(client.ask(set_secret("s")), IsError(paths_.state_dir));
  std::this_thread::sleep_for(1100ms);
  for (int i = 0; i < 200; ++i) ASSERT_THAT(client.ask(set_secret("s")), IsError(paths_.state_dir));
}

TEST_F(RunningProcess, LogWithoutAReaderDoesNotEndIt) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  UniqueFd reader(ends[0]);
  UniqueFd writer(ends[1]);
  start({}, {.fds = {{writer.get(), 2}}});
  writer.reset();
  reader.reset();
  fs::remove_all(paths_.state_dir);
  EXPECT_THAT(daemon().ask(set_secret("s")), IsError(paths_.state_dir));
  EXPECT_EQ(daemon().ask(kPing), kPong);
}

TEST_F(RunningProcess, ClosedStandardStreamsDoNotEndIt) {
  start({}, {.before_exec = [] { return ::close(0) == 0 && ::close(1) == 0 && ::close(2) == 0; }});
  LineClient client = daemon().client();
  EXPECT_EQ(client.ask(set_secret("s")), kPong);
  EXPECT_EQ(client.ask(set_env(R"({"A":"1"})")), kPong);
  EXPECT_EQ(test::read_file(paths_.env_file), "A=1\n");
  fs::remove_all(paths_.state_dir);
  EXPECT_THAT(client.ask(set_secret("s")), IsError(paths_.state_dir));
  EXPECT_EQ(client.ask(kPing), kPong) << "a log line went to a client";
}

}  // namespace
}  // namespace microvm::contract
