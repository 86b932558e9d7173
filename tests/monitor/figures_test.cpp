// What a monitor costs: the static program, as it is installed.
#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>

#include "tests/monitor/stage.h"

namespace microvm::monitor::test {
namespace {

class Figures : public MonitorTest {
 protected:
  Figures() { bin_ = required_env("MONITOR_STATIC_BIN"); }
  // In KiB: `VmHWM`, `VmRSS`.
  long memory(const std::string& name) {
    const std::string status = read_file("/proc/" + std::to_string(monitor_->pid()) + "/status");
    return std::stol(status.substr(status.find(name + ":") + name.size() + 1));
  }
};

TEST_F(Figures, AMebibyteIsEnough) {
  std::string line = "{\"x\":{";
  for (int i = 0; i < 3000; ++i) line += "\"counter_number_" + std::to_string(i) + "\":1,";
  write_file(dir_ / "line", line + "\"last\":1}}\n");
  run({"say", "one", "await", "flood", "20000000", "say", "end", "await"}, {"--ring-bytes", "131072"});
  ASSERT_TRUE(eventually([&] { return console_text() == "one\n"; }));
  const long idle = memory("VmRSS");
  std::vector<UniqueFd> followers;
  for (int i = 0; i < 8; ++i) {
    followers.push_back(connect());
    send_all(followers.back().get(), "follow\n");
    EXPECT_EQ(read_until(followers.back().get(), "one\n"), "one\n");
  }
  const auto before = std::chrono::steady_clock::now();
  let_go();
  ASSERT_TRUE(eventually([&] { return exists(state("console.log.1")) || exists(state("console.log")); }));
  ASSERT_TRUE(eventually([&] { return console_text().ends_with("|\nend\n"); }));
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - before).count();
  microvm::test::run({.argv = {"/bin/sh", "-c", "cat " + (dir_ / "line") + " >" + run_path("metrics")}});
  ASSERT_TRUE(eventually([&] { return exists(run_path("metrics.prom")); }));
  EXPECT_LE(memory("VmHWM"), 1024);
  std::printf(
      "resident: %ld KiB idle, %ld KiB at most; a flood of 20 MB with 8 followers that do not read: %.0f MB/s\n", idle,
      memory("VmHWM"), 20 / seconds);
}

// From posix_spawn to the message that its program runs.
TEST_F(Figures, AStartTakesLessThanMilliseconds) {
  std::vector<double> took;
  ProcessSpec what = spec({"--report", "9"}, {"/bin/true"});
  std::vector<char*> argv;
  for (std::string& word : what.argv) argv.push_back(word.data());
  argv.push_back(nullptr);
  for (int i = 0; i < 51; ++i) {
    std::array<int, 2> ends{};
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
    ReportEnd report{UniqueFd(ends[0])};
    UniqueFd theirs(ends[1]);
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_adddup2(&actions, theirs.get(), 9);
    pid_t pid = -1;
    const auto before = std::chrono::steady_clock::now();
    ASSERT_EQ(::posix_spawn(&pid, argv[0], &actions, nullptr, argv.data(), environ), 0);
    theirs.reset();
    ASSERT_TRUE(report.receive().starts_with("vmm "));
    took.push_back(std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - before).count());
    report.acknowledge();
    ::posix_spawn_file_actions_destroy(&actions);
    int status = -1;
    ASSERT_EQ(::waitpid(pid, &status, 0), pid);
    ASSERT_EQ(status, 0);
  }
  std::ranges::sort(took);
  EXPECT_LT(took[took.size() / 2], 10);  // on a machine that has much else to do
  std::printf("exec to report: %.2f ms (median), %.2f ms (least)\n", took[took.size() / 2], took.front());
}

}  // namespace
}  // namespace microvm::monitor::test
