// Disks that are full, directories that are gone, no descriptors: the VM goes on and is heard.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "tests/monitor/stage.h"
#include "tests/support/own_mounts.h"

namespace microvm::monitor::test {
namespace {

using testing::HasSubstr;

class Faults : public MonitorTest {
 protected:
  // Clock ticks of the processor so far.
  unsigned long busy() {
    const std::string stat = read_file("/proc/" + std::to_string(monitor_->pid()) + "/stat");
    unsigned long user = 0, system = 0;
    std::sscanf(stat.c_str() + stat.rfind(')'), ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user,
                &system);
    return user + system;
  }
  // Half a second, in which a monitor that spins would use it.
  void expect_calm() {
    const unsigned long before = busy();
    ::usleep(500'000);
    EXPECT_LT(busy() - before, static_cast<unsigned long>(::sysconf(_SC_CLK_TCK)) / 10);
  }
  rlim_t first_free() {
    const std::string folder = "/proc/" + std::to_string(monitor_->pid()) + "/fd/";
    rlim_t number = 0;
    while (exists(folder + std::to_string(number))) ++number;
    return number;
  }
  void limit_descriptors(rlim_t most) {
    rlimit now{};
    ASSERT_EQ(::prlimit(monitor_->pid(), RLIMIT_NOFILE, nullptr, &now), 0);
    now.rlim_cur = most;
    ASSERT_EQ(::prlimit(monitor_->pid(), RLIMIT_NOFILE, &now, nullptr), 0);
  }
};

TEST_F(Faults, AFullDiskLosesBytesAndNotTheEnd) {
  if (!own_mounts()) GTEST_SKIP() << "needs CAP_SYS_ADMIN";
  ASSERT_EQ(::mount("none", state_dir_.c_str(), "tmpfs", 0, "size=300k,mode=700"), 0);
  run({"flood", "20000000", "say", "Kernel panic - not syncing: last words", "await", "exit", "0"});
  ASSERT_TRUE(eventually([&] { return exists(run_path("notice")); }));
  EXPECT_EQ(count("console", "bytes"), 20'000'000 + 39U);
  EXPECT_GT(count("console", "dropped"), 19'000'000U);
  EXPECT_TRUE(console_text().starts_with("0 "));
  EXPECT_TRUE(console_text().ends_with("|\n"));
  let_go();
  EXPECT_EQ(ended(), 0);
  EXPECT_EQ(exit_text("reason"), "guest_panic");
  ASSERT_EQ(::umount2(state_dir_.c_str(), MNT_DETACH), 0);
}

TEST_F(Faults, OfAStateDirectoryThatIsGoneNothingHangs) {
  run({"say", "one", "await", "flood", "2000000", "await", "exit", "0"}, {"--console-bytes", "65536"});
  ASSERT_TRUE(eventually([&] { return console_text() == "one\n"; }));
  std::filesystem::remove_all(dir_ / "state");
  let_go();
  ASSERT_TRUE(eventually([&] { return count("console", "bytes") > 1'900'000; }));
  expect_calm();
  let_go();
  EXPECT_EQ(ended(), 1);  // nobody can be told how it ended
  EXPECT_FALSE(exists(run_path("console")));
}

TEST_F(Faults, OfARunDirectoryThatIsGoneTheEndIsRecorded) {
  const std::string metrics = run_path("metrics");
  run({"say", "one", "await", "say", "two", "exit", "0"});
  const UniqueFd input(::open(run_path("console.in").c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC));
  ASSERT_TRUE(eventually([&] { return console_text() == "one\n"; }));
  std::filesystem::remove_all(run_dir_);
  expect_calm();
  send_all(input.get(), "\n");
  EXPECT_EQ(ended(), 0);
  EXPECT_EQ(console_text(), "one\ntwo\n");
  EXPECT_EQ(exit_text("reason"), "guest_reboot");
}

// None left, and a limit below the number that is polled.
TEST_F(Faults, WithoutADescriptorLeftItGoesOn) {
  ::setenv("ASAN_OPTIONS", "detect_leaks=0", 1);  // which needs descriptors
  run({"say", "one", "await", "say", "two", "await", "say", "three", "await", "exit", "0"});
  ASSERT_TRUE(eventually([&] { return console_text() == "one\n"; }));
  ::unsetenv("ASAN_OPTIONS");
  ASSERT_TRUE(report_->ends());
  std::string all = "one\n";
  for (const std::string& next : {std::string("two\n"), std::string("three\n")}) {
    limit_descriptors(next == "two\n" ? first_free() : 3);
    const UniqueFd fd = connect();
    send_all(fd.get(), "ring\n");
    expect_calm();
    EXPECT_FALSE(wait_readable(fd.get(), milliseconds(0)));
    let_go();
    all += next;
    EXPECT_TRUE(eventually([&] { return console_text() == all; }));
    limit_descriptors(64);
    EXPECT_EQ(read_all(fd.get()), all);
  }
  limit_descriptors(3);
  let_go();
  EXPECT_EQ(ended(), 0);
  EXPECT_EQ(exit_text("code"), "0");
}

TEST_F(Faults, AMonitorThatDoesNothingCostsNothing) {
  run({"say", "one", "await"});
  ASSERT_TRUE(eventually([&] { return console_text() == "one\n"; }));
  expect_calm();
}

}  // namespace
}  // namespace microvm::monitor::test
