// Console, log and metrics: what is kept of them, and how much.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <signal.h>
#include <unistd.h>

#include "tests/monitor/stage.h"

namespace microvm::monitor::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

using Streams = MonitorTest;

TEST_F(Streams, TheConsoleIsLogged) {
  run({"say", "one", "put", "two\r\n", "put", "login: ", "await", "say", "root", "put", "no end", "exit", "0"});
  // The prompt, though its line has not ended.
  ASSERT_TRUE(eventually([&] { return console_text() == "one\ntwo\nlogin: "; })) << console_text();
  let_go();
  EXPECT_EQ(ended(), 0);
  EXPECT_EQ(console_text(), "one\ntwo\nlogin: root\nno end");
}

TEST_F(Streams, AFloodCostsTheLimitAndNoMore) {
  constexpr std::uint64_t kBytes = 20'000'000;
  run({"say", "first", "flood", std::to_string(kBytes), "say", "last", "exit", "0"}, {"--console-bytes", "1000000"});
  EXPECT_EQ(ended(), 0);
  const auto size = [&](const char* name) { return static_cast<std::uint64_t>(stat_of(state(name)).st_size); };
  EXPECT_LE(size("console.log") + size("console.log.1"), 1'000'000U);
  const std::string text = console_text();
  EXPECT_TRUE(text.ends_with("|\nlast\n"));
  // What is there is the end of it without a gap.
  std::uint64_t number = (kBytes / 64) - static_cast<std::uint64_t>(std::ranges::count(text, '|'));
  for (std::size_t at = 0; text.substr(at, 5) != "last\n"; at += 64)
    ASSERT_EQ(std::stoull(text.substr(at, 62)), number++);
}

TEST_F(Streams, AVmmThatDoesNotWaitIsDrained) {
  run({"nonblock", "say", "one", "await", "exit", "0"});
  ASSERT_TRUE(eventually([&] { return console_text() == "one\n"; }));
  let_go();
  EXPECT_EQ(ended(), 0);
}

TEST_F(Streams, TheLogIsItsOwn) {
  run({"err", "careful", "append", run_path("log"), "by its path", "await", "exit", "0"}, {"--log-bytes", "32768"});
  ASSERT_TRUE(
      eventually([&] { return exists(state("vmm.log")) && read_file(state("vmm.log")) == "careful\nby its path\n"; }));
  EXPECT_EQ(count("log", "records"), 2U);
  let_go();
  EXPECT_EQ(ended(), 0);
  EXPECT_EQ(console_text(), "");
}

TEST_F(Streams, MetricsAreSummed) {
  const std::string path = run_path("metrics");
  run({"append", path, R"({"block":{"read_count":2},"latencies_us":{"pause_vm":9}})", "append", path, "garbage",
       "append", path, R"({"block":{"read_count":3},"latencies_us":{"pause_vm":7}})", "await", "exit", "0"});
  const std::string label = "{id=\"" + id_ + "\"} ";
  ASSERT_TRUE(eventually([&] { return exists(run_path("metrics.prom")) && count("metrics", "lines") == 3; }));
  EXPECT_EQ(count("metrics", "bad"), 1U);
  EXPECT_EQ(read_file(run_path("metrics.prom")),
            "# TYPE firecracker_block_read_count counter\nfirecracker_block_read_count" + label +
                "5\n# TYPE firecracker_latencies_us_pause_vm gauge\nfirecracker_latencies_us_pause_vm" + label + "7\n");
  let_go();
  EXPECT_EQ(ended(), 0);
  EXPECT_TRUE(exists(run_path("metrics.prom")));
}

TEST_F(Streams, ALongLineOfMetricsFindsRoomAtOnce) {
  run({"await", "exit", "0"});
  ::kill(monitor_->pid(), SIGSTOP);
  const UniqueFd fd(::open(run_path("metrics").c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC));
  const std::string line = "{\"a\":{\"b\":1" + std::string(200'000, ' ') + "}}\n";
  EXPECT_EQ(::write(fd.get(), line.data(), line.size()), static_cast<ssize_t>(line.size()));
  ::kill(monitor_->pid(), SIGCONT);
  EXPECT_TRUE(eventually([&] { return exists(run_path("metrics.prom")); }));
  let_go();
  EXPECT_EQ(ended(), 0);
}

TEST_F(Streams, FilesOfTheSpecAreReadInstead) {
  const std::string log = dir_ / "own.log", metrics = dir_ / "own.metrics";
  write_file(log, "of an earlier VM\n");
  run({"append", log, "logged", "err", "on stderr", "append", metrics, R"({"vmm":{"panic_count":1}})", "await",
       "append", log, "at last", "append", metrics, R"({"vmm":{"panic_count":4}})", "exit", "0"},
      {"--log-file", log, "--metrics-file", metrics});
  ASSERT_TRUE(eventually([&] {
    return exists(run_path("metrics.prom")) && exists(state("vmm.log")) &&
           read_file(state("vmm.log")).find("logged") != std::string::npos;
  }));
  let_go();
  EXPECT_EQ(ended(), 0);
  EXPECT_THAT(read_file(state("vmm.log")), HasSubstr("at last\n"));
  EXPECT_THAT(read_file(state("vmm.log")), HasSubstr("on stderr\n"));
  EXPECT_THAT(read_file(state("vmm.log")), testing::Not(HasSubstr("earlier")));
  EXPECT_THAT(read_file(run_path("metrics.prom")), HasSubstr("} 4\n"));
}

TEST_F(Streams, APanicIsToldAtOnce) {
  run({"say", "[    1.5] Kernel panic - not syncing: oops", "say", "[    1.6] Kernel panic - not syncing: again",
       "await", "exit", "0"});
  ASSERT_TRUE(eventually([&] { return exists(run_path("notice")); }));
  EXPECT_EQ(read_file(run_path("notice")), "panic Kernel panic - not syncing: oops\n");
  EXPECT_THAT(
      read_file(dir_ / "state/events.jsonl"),
      HasSubstr("\"id\":\"" + id_ + "\",\"what\":\"panic\",\"detail\":\"Kernel panic - not syncing: oops\"}\n"));
  let_go();
  EXPECT_EQ(ended(), 0);
  EXPECT_EQ(exit_text("reason"), "guest_panic");
}

TEST_F(Streams, AGuestThatHasPoweredOffIsEnded) {
  run({"vcpu", "idle", "say", "[    9.1] reboot: Power down"});
  EXPECT_EQ(ended(), 0);
  EXPECT_EQ(exit_text("reason"), "guest_poweroff");
  EXPECT_EQ(exit_text("certainty"), "certain");
  EXPECT_EQ(exit_text("signal"), "9");
  EXPECT_EQ(read_file(run_path("notice")), "powered-off\n");
  const std::string events = read_file(dir_ / "state/events.jsonl");
  EXPECT_THAT(events, HasSubstr("\"powered_off\""));
  EXPECT_THAT(events, HasSubstr("\"exited\""));
}

TEST_F(Streams, AGuestThatOnlySaysSoIsNot) {
  run({"vcpu", "busy", "say", "reboot: Power down", "await", "exit", "0"});
  EXPECT_FALSE(eventually([&] { return !vmm_lives(); }, milliseconds(2500)));
  let_go();
  EXPECT_EQ(ended(), 0);
}

}  // namespace
}  // namespace microvm::monitor::test
