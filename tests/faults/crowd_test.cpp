// Too much of everything: the daemon's memory and processor time stay bounded, and a well-behaved neighbour is served.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <functional>
#include <iostream>
#include <thread>

#include "tests/contract/process_state.h"
#include "tests/faults/operations.h"
#include "tests/faults/state.h"
#include "tests/support/files.h"

namespace microvm::faults {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
using contract::cpu_time_of;
using contract::resident_bytes;
using test::LineClient;
using testing::HasSubstr;

constexpr std::size_t kMiB = 1024 * 1024;
constexpr const char* kPing = "{\"op\":\"ping\",\"id\":\"x\"}\n";
constexpr const char* kPong = R"({"id":"x","ok":true})";
constexpr const char* kOk = R"("ok":true)";

double ms(std::chrono::nanoseconds time) { return std::chrono::duration<double, std::milli>(time).count(); }

// Pings once in a while, as long as it lives.
class Neighbour {
 public:
  explicit Neighbour(const test::Daemon& daemon)
      : client_(daemon.client()), thread_([this](const std::stop_token& stop) { run(stop); }) {}

  // Ends it; of the times its pings took, the one that 99 of 100 stay below.
  std::chrono::nanoseconds p99() {
    thread_.request_stop();
    thread_.join();
    EXPECT_EQ(unanswered_, 0);
    EXPECT_GT(times_.size(), 10U);
    std::ranges::sort(times_);
    return times_[times_.size() * 99 / 100];
  }

 private:
  void run(const std::stop_token& stop) {
    while (!stop.stop_requested() || times_.size() < 20) {
      const auto begin = Clock::now();
      if (client_.ask(kPing) != kPong && ++unanswered_ > 3) return;
      times_.push_back(Clock::now() - begin);
      std::this_thread::sleep_for(2ms);
    }
  }

  LineClient client_;
  std::vector<std::chrono::nanoseconds> times_;
  int unanswered_ = 0;
  std::jthread thread_;
};

// What a daemon costs while something is done to it.
class Crowd : public testing::Test {
 protected:
  // Generous: other tests, and other machines, are busy too. What is fast has a benchmark.
  static constexpr auto kMostLatency = 1s;

  void start(const test::ProcessSpec& how = {}, const test::DaemonPaths* paths = nullptr) {
    daemon_.emplace(paths != nullptr ? *paths : test::DaemonPaths(dir_), std::vector<std::string>{}, how);
    ASSERT_THAT(daemon_->ask(set_secret_request("s", "first")), HasSubstr(kOk));
    idle_ = resident_bytes(pid());
  }
  [[nodiscard]] pid_t pid() { return daemon_->process().pid(); }
  [[nodiscard]] LineClient client() const { return daemon_->client(); }

  // Runs `what` beside a neighbour; the daemon's memory is looked at on the way.
  void measure(const char* name, std::size_t most_memory, const std::function<void()>& what) {
    Neighbour neighbour(*daemon_);
    const auto cpu = cpu_time_of(pid());
    const auto begin = Clock::now();
    std::size_t most = idle_;
    {
      std::jthread watch([&](const std::stop_token& stop) {
        for (; !stop.stop_requested(); std::this_thread::sleep_for(5ms)) most = std::max(most, resident_bytes(pid()));
      });
      what();
    }
    const auto took = Clock::now() - begin;
    const auto used = cpu_time_of(pid()) - cpu;
    const auto p99 = neighbour.p99();
    std::cout << name << ": " << ms(took) << " ms, processor " << ms(used) << " ms, memory +" << (most - idle_) / 1024
              << " KiB, a neighbour's ping p99 " << ms(p99) << " ms\n";
    EXPECT_LE(most - idle_, most_memory);
    EXPECT_LT(p99, kMostLatency);
    EXPECT_EQ(contract::status_of(pid(), "Threads"), "1");
  }

  test::TempDir dir_;
  std::optional<test::Daemon> daemon_;
  std::size_t idle_ = 0;
};

TEST_F(Crowd, ElevenHundredConnections) {
  rlimit files{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &files), 0);
  files.rlim_cur = files.rlim_max;
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &files), 0);
  start();
  std::vector<LineClient> clients;
  measure("1,100 connections", kMiB, [&] {
    for (int i = 0; i < 1100; ++i) clients.push_back(client());
    const auto served = std::ranges::count_if(clients, [](LineClient& one) { return one.ask(kPing) == kPong; });
    EXPECT_GE(served, 1020);
    EXPECT_LE(served, 1024);
  });
  EXPECT_THAT(clients.front().ask(set_secret_request("s", "second")), HasSubstr(kOk));
}

TEST_F(Crowd, ClientThatNeverReads) {
  start();
  LineClient deaf = client();
  std::string pings;
  for (int i = 0; i < 4000; ++i) pings += kPing;
  measure("a client that never reads", kMiB, [&] {
    for (int idle = 0; idle < 100; std::this_thread::sleep_for(2ms)) idle = deaf.send_some(pings) == 0 ? idle + 1 : 0;
  });
  EXPECT_THAT(client().ask(set_secret_request("s", "second")), HasSubstr(kOk));
}

TEST_F(Crowd, BytesThatDrip) {
  start();
  std::vector<LineClient> clients;
  for (int i = 0; i < 100; ++i) clients.push_back(client());
  const int seconds = 3;
  const auto before = cpu_time_of(pid());
  measure("100 clients with a byte a second", kMiB, [&] {
    for (int i = 0; i < seconds; ++i) {
      for (LineClient& one : clients) EXPECT_TRUE(one.send("{"));
      std::this_thread::sleep_for(1s);
    }
  });
  EXPECT_LT(cpu_time_of(pid()) - before, seconds * 250ms) << "a busy loop";
}

TEST_F(Crowd, MebibytesWithoutANewline) {
  start();
  const std::string part(kMiB, 'x');
  LineClient endless = client();
  measure("256 MiB without a newline", 3 * kMiB, [&] {
    for (int i = 0; i < 256; ++i) ASSERT_TRUE(endless.send(part));
    EXPECT_THAT(endless.read_line().value_or(""), HasSubstr("line too long"));
    ASSERT_TRUE(endless.send("\n"));
  });
  EXPECT_EQ(endless.ask(kPing), kPong);
}

TEST_F(Crowd, AMillionTinyRequestsInOneGo) {
  start();
  constexpr std::size_t kRequests = 1'000'000;
  constexpr std::size_t kAtOnce = 1000;
  std::string pings;
  for (std::size_t i = 0; i < kAtOnce; ++i) pings += kPing;
  LineClient hasty = client();
  measure("10^6 pings in one go", kMiB, [&] {
    std::jthread sender([&] {
      for (std::size_t i = 0; i < kRequests / kAtOnce; ++i) ASSERT_TRUE(hasty.send(pings));
    });
    std::size_t bytes = 0;
    while (bytes < kRequests * (std::strlen(kPong) + 1)) {
      const std::string part = hasty.read_some();
      ASSERT_FALSE(part.empty()) << "replies end after " << bytes << " bytes";
      bytes += part.size();
    }
  });
}

// As many connections as there may be leave enough for the files of every request, also of many that come at once.
TEST_F(Crowd, ThirtyTwoDescriptors) {
  start({.rlimits = {{RLIMIT_NOFILE, {32, 32}}}});
  std::vector<LineClient> clients;
  for (int i = 0; i < 40; ++i) clients.push_back(client());
  std::erase_if(clients, [](LineClient& one) { return one.ask(kPing) != kPong; });
  ASSERT_GE(clients.size(), 8U);
  for (const Operation& operation : changes()) {
    SCOPED_TRACE(operation.name);
    for (const std::string& request : operation.before) EXPECT_THAT(clients.front().ask(request), HasSubstr(kOk));
    EXPECT_THAT(clients.front().ask(operation.request), HasSubstr(kOk));
  }
  std::string batch;
  for (int i = 0; i < 100; ++i) batch += set_secret_request("s" + std::to_string(i % 50), "value");
  ASSERT_TRUE(clients.back().send(batch));
  for (int i = 0; i < 100; ++i) ASSERT_THAT(clients.back().read_line().value_or(""), HasSubstr(kOk)) << i;
  EXPECT_THAT(clients.front().ask("{\"op\":\"info\",\"id\":\"x\"}\n"), HasSubstr(R"("unscrubbed_files":0)"));
}

TEST_F(Crowd, OneProcess) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root to run the daemon as a user who runs nothing else";
  constexpr uid_t kUser = 54'321;
  const std::string program = dir_ / "daemon";
  std::filesystem::copy_file(test::required_env("METADATAD_BIN"), program);
  std::filesystem::permissions(dir_.path(), std::filesystem::perms(0755));
  test::make_dir(dir_ / "home");
  ASSERT_EQ(::chown((dir_ / "home").c_str(), kUser, kUser), 0);
  const test::DaemonPaths paths(dir_ / "home");
  start({.argv = {program}, .rlimits = {{RLIMIT_NPROC, {1, 1}}}, .uid = kUser}, &paths);
  for (const Operation& operation : changes()) {
    SCOPED_TRACE(operation.name);
    for (const std::string& request : operation.before) EXPECT_THAT(daemon_->ask(request), HasSubstr(kOk));
    EXPECT_THAT(daemon_->ask(operation.request), HasSubstr(kOk));
  }
}

// No more memory from the kernel: whatever is refused for it, the daemon lives, and works again later.
TEST_F(Crowd, NoMemory) {
  start();
  std::vector<LineClient> clients;
  for (int i = 0; i < 20; ++i) clients.push_back(client());
  for (LineClient& one : clients) ASSERT_EQ(one.ask(kPing), kPong);
  const rlimit none{1, RLIM_INFINITY};
  const rlimit all{RLIM_INFINITY, RLIM_INFINITY};
  ASSERT_EQ(::prlimit(pid(), RLIMIT_AS, &none, nullptr), 0);
  const std::string much(700'000, 'm');
  for (LineClient& one : clients) {
    const std::string reply = one.ask(set_secret_request("much", much));
    EXPECT_THAT(reply, testing::AnyOf("", HasSubstr(kOk), HasSubstr("busy")));
    EXPECT_FALSE(daemon_->process().wait(0ms)) << daemon_->log();
  }
  for (const Operation& operation : changes()) LineClient(client()).ask(operation.request);
  ASSERT_FALSE(daemon_->process().wait(0ms)) << daemon_->log();
  ASSERT_EQ(::prlimit(pid(), RLIMIT_AS, &all, nullptr), 0);
  EXPECT_THAT(daemon_->ask(set_secret_request("much", much)), HasSubstr(kOk));
  EXPECT_EQ(test::read_file(daemon_->paths().secrets_dir + "/much"), much);
}

}  // namespace
}  // namespace microvm::faults
