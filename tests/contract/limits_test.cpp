// What is limited: connections, descriptors, the memory of all connections, replies nobody reads.
#include <sys/resource.h>

#include <algorithm>
#include <stdexcept>
#include <thread>

#include "tests/contract/daemon_test.h"
#include "tests/contract/process_state.h"

namespace microvm::contract {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

constexpr std::size_t kMiB = 1024 * 1024;

class Limits : public DaemonTest {
 protected:
  void SetUp() override {
    rlimit files{};
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &files), 0);
    files.rlim_cur = files.rlim_max;
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &files), 0);
  }
  // A client that is served; others may have left only just now. Throws when none ever is.
  LineClient served_soon() {
    const Deadline deadline = Deadline::after(test::kPatience);
    for (;;) {
      LineClient client = daemon().client();
      if (client.ask(kPing) == kPong) return client;
      if (deadline.passed()) throw std::runtime_error("nobody is served any more");
      std::this_thread::sleep_for(2ms);
    }
  }
  // Closing comes after the reply, and after the client's own.
  void settle(std::size_t descriptors) {
    const Deadline deadline = Deadline::after(test::kPatience);
    while (descriptors_of(pid()) != descriptors && !deadline.passed()) std::this_thread::sleep_for(1ms);
    ASSERT_EQ(descriptors_of(pid()), descriptors);
  }
  [[nodiscard]] pid_t pid() { return daemon().process().pid(); }
};

// ---- connections ----

TEST_F(Limits, ConnectionsOverTheLimitAreClosedAtOnce) {
  start({"--max-connections", "3"});
  std::vector<LineClient> served;
  served.push_back(served_soon());
  while (served.size() < 3) served.push_back(served_soon());
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(daemon().client().at_end());
  for (LineClient& client : served) EXPECT_EQ(client.ask(kPing), kPong);
  served.pop_back();
  EXPECT_EQ(served_soon().ask(kPing), kPong);
  EXPECT_THAT(daemon().log(), HasSubstr("too many connections"));
}

TEST_F(Limits, ThousandAndTwentyFourConnectionsByDefault) {
  start();
  LineClient first = served_soon();
  std::vector<LineClient> served;
  for (int i = 1; i < 1024; ++i) served.push_back(served_soon());
  for (LineClient& client : served) ASSERT_EQ(client.ask(kPing), kPong);
  EXPECT_TRUE(daemon().client().at_end());
  EXPECT_EQ(first.ask(kPing), kPong);
  served.clear();
  EXPECT_EQ(served_soon().ask(kPing), kPong);
}

TEST_F(Limits, NoDescriptorIsLeftBehind) {
  start();
  LineClient first = served_soon();
  ASSERT_EQ(first.ask(kPing), kPong);  // by now the end of the connection before it was seen
  const std::size_t before = descriptors_of(pid());
  for (int round = 0; round < 3; ++round) {
    std::vector<LineClient> clients;
    for (int i = 0; i < 50; ++i) clients.push_back(served_soon());
    for (LineClient& client : clients) client.ask(set_secret("s"));
    settle(before + 50);
    clients.clear();
    settle(before);
  }
}

// ---- descriptors ----

TEST_F(Limits, SoftLimitOfDescriptorsIsRaised) {
  start({}, {.rlimits = {{RLIMIT_NOFILE, {64, 500}}}});
  EXPECT_EQ(limits_of(pid(), "Max open files"), std::pair("500"s, "500"s));
  std::vector<LineClient> clients;
  for (int i = 0; i < 200; ++i) clients.push_back(served_soon());
  for (LineClient& client : clients) ASSERT_EQ(client.ask(kPing), kPong);
}

TEST_F(Limits, FewDescriptors) {
  start({}, {.rlimits = {{RLIMIT_NOFILE, {32, 32}}}});
  LineClient first = served_soon();
  std::vector<LineClient> clients;
  for (int i = 0; i < 100; ++i) clients.push_back(daemon().client());
  const auto served = std::ranges::count_if(clients, [](LineClient& client) { return client.ask(kPing) == kPong; });
  EXPECT_GE(served, 8);
  EXPECT_LT(served, 32);
  EXPECT_EQ(first.ask(set_env(R"({"A":"1"})")), kPong) << "files can still be written";
  EXPECT_EQ(first.ask(set_secret("s")), kPong);
  const auto cpu = cpu_time_of(pid());
  std::this_thread::sleep_for(300ms);
  EXPECT_LT(cpu_time_of(pid()) - cpu, 60ms) << "a busy loop";
  clients.clear();
  EXPECT_EQ(served_soon().ask(kPing), kPong);
}

// The limit falls below what is open: every accept and every open fails.
TEST_F(Limits, NoDescriptors) {
  start();
  LineClient first = served_soon();
  const rlimit none{3, 4096};
  const rlimit many{4096, 4096};
  ASSERT_EQ(::prlimit(pid(), RLIMIT_NOFILE, &none, nullptr), 0);
  std::vector<LineClient> waiting;
  for (int i = 0; i < 50; ++i) waiting.push_back(daemon().client());
  EXPECT_EQ(first.ask(kPing), kPong);
  EXPECT_THAT(first.ask(set_secret("s")), IsError("cannot"));
  EXPECT_THAT(first.ask(set_env("{}")), IsError("cannot"));
  const auto cpu = cpu_time_of(pid());
  std::this_thread::sleep_for(1100ms);
  EXPECT_LT(cpu_time_of(pid()) - cpu, 220ms) << "a busy loop";
  EXPECT_LE(std::ranges::count(daemon().log(), '\n'), 10) << daemon().log();
  ASSERT_EQ(::prlimit(pid(), RLIMIT_NOFILE, &many, nullptr), 0);
  for (LineClient& client : waiting) EXPECT_EQ(client.ask(kPing), kPong);
  EXPECT_EQ(first.ask(set_secret("s")), kPong);
}

// ---- memory ----

TEST_F(Limits, UnfinishedLinesOfAllConnections) {
  constexpr std::size_t kPart = 300 * 1024;
  start();
  LineClient other = served_soon();
  ASSERT_EQ(other.ask(set_env("{}")), kPong);
  const std::size_t before = resident_bytes(pid());
  const std::string line = R"({"id":"x","op":"ping","u":")" + std::string(kPart, 'u') + "\"}\n";
  std::vector<LineClient> clients;
  for (int i = 0; i < 64; ++i) {
    clients.push_back(served_soon());
    ASSERT_TRUE(clients.back().send(line.substr(0, kPart)));
    ASSERT_TRUE(clients.back().await_taken());
  }
  EXPECT_EQ(other.ask(kPing), kPong);
  EXPECT_EQ(other.ask(set_secret("s")), kPong) << "others are served";
  if (test::required_env("METADATAD_BIN") == test::required_env("METADATAD_STATIC_BIN")) {
    const std::size_t grown = resident_bytes(pid()) - before;
    EXPECT_LE(grown, 8 * kMiB + kMiB);
    RecordProperty("resident_kib_grown", static_cast<int>(grown / 1024));
  }
  std::size_t busy = 0;
  for (LineClient& client : clients) {
    ASSERT_TRUE(client.send(line.substr(kPart)));
    const std::string reply = client.read_line().value_or("");
    if (reply == kPong) continue;
    ++busy;
    const auto error = error_of(reply);
    ASSERT_TRUE(error) << reply;
    EXPECT_THAT(*error, StartsWith("busy: "));
  }
  // 8 MiB hold 27 of them, less what the steps of a buffer leave unused.
  EXPECT_GE(clients.size() - busy, 20U);
  EXPECT_LE(clients.size() - busy, 28U);
  for (LineClient& client : clients) EXPECT_EQ(client.ask(kPing), kPong) << "the connection lives on";
  EXPECT_EQ(clients.back().ask(line), kPong) << "there is room again";
}

TEST_F(Limits, RoomComesBackWhenClientsLeave) {
  start();
  const std::string part = "{\"u\":\"" + std::string(500 * 1024, 'u');
  for (int round = 0; round < 3; ++round) {
    std::vector<LineClient> clients;
    for (int i = 0; i < 20; ++i) {
      clients.push_back(served_soon());
      ASSERT_TRUE(clients.back().send(part));
      ASSERT_TRUE(clients.back().await_taken());
    }
  }
  const std::string frame = R"({"id":"x","op":"ping","u":""})";
  const std::string longest = frame.substr(0, frame.size() - 2) + std::string(kMiB - frame.size() - 1, 'u') + "\"}\n";
  const Deadline deadline = Deadline::after(test::kPatience);
  LineClient client = served_soon();
  while (client.ask(longest) != kPong && !deadline.passed()) std::this_thread::sleep_for(5ms);
  EXPECT_EQ(client.ask(longest), kPong);
}

// ---- a client that does not read ----

TEST_F(Limits, RepliesNobodyReadsStopTheReading) {
  start();
  LineClient deaf = served_soon();
  LineClient other = served_soon();
  const std::size_t before = resident_bytes(pid());
  std::string pings;
  for (int i = 0; i < 4000; ++i) pings += kPing;
  std::size_t sent = 0;
  for (int idle = 0; idle < 100;) {
    const std::size_t offset = sent % kPing.size();
    const std::size_t n = deaf.send_some(std::string_view(pings).substr(offset));
    sent += n;
    idle = n == 0 ? idle + 1 : 0;
    if (n == 0) std::this_thread::sleep_for(2ms);
    ASSERT_LT(sent, 8 * kMiB) << "the daemon takes everything";
  }
  EXPECT_EQ(other.ask(kPing), kPong);
  EXPECT_EQ(other.ask(set_secret("s")), kPong);
  if (test::required_env("METADATAD_BIN") == test::required_env("METADATAD_STATIC_BIN")) {
    EXPECT_LE(resident_bytes(pid()), before + kMiB);
  }
  // It reads after all: nothing was lost, and the rest of a half-sent line still fits.
  const std::size_t whole = sent / kPing.size();
  for (std::size_t i = 0; i < whole; ++i) ASSERT_EQ(deaf.read_line(), kPong) << i << " of " << whole;
  ASSERT_TRUE(deaf.send(kPing.substr(sent % kPing.size())));
  EXPECT_EQ(deaf.read_line(), kPong);
}

TEST_F(Limits, LongRepliesWaitToo) {
  start();
  LineClient client = served_soon();
  const std::string id = "\"" + std::string(900'000, 'i') + "\"";
  const std::string request = R"({"op":"ping","id":)" + id + "}\n";
  std::jthread writer([&] {
    for (int i = 0; i < 8; ++i) EXPECT_TRUE(client.send(request));
  });
  std::this_thread::sleep_for(100ms);
  LineClient other = served_soon();
  EXPECT_EQ(other.ask(kPing), kPong);
  for (int i = 0; i < 8; ++i) ASSERT_TRUE(client.read_line() == ok_reply(id));
}

TEST_F(Limits, BusyClientsDoNotStarveOthers) {
  start();
  std::string pings;
  for (int i = 0; i < 20'000; ++i) pings += kPing;
  std::vector<std::jthread> loud;
  for (int i = 0; i < 3; ++i) {
    loud.emplace_back([&pings, client = daemon().client()](const std::stop_token& stop) mutable {
      std::jthread reader([&client] {
        while (!client.read_some(Deadline::after(1s)).empty()) {
        }
      });
      while (!stop.stop_requested() && client.send(pings)) {
      }
      client.finish();
    });
  }
  LineClient quiet = served_soon();
  for (int i = 0; i < 200; ++i) ASSERT_EQ(quiet.ask(kPing), kPong);
}

}  // namespace
}  // namespace microvm::contract
