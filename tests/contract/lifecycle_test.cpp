// The end of a daemon: told to stop it answers what is complete; killed it leaves temporaries at most.
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <system_error>
#include <thread>

#include "tests/contract/daemon_test.h"

namespace microvm::contract {
namespace {

using Clock = std::chrono::steady_clock;
using testing::IsEmpty;

/// 500 ms for clients that are stuck, and what a busy machine and its disk add.
constexpr auto kStopBound = 3s;

class Lifecycle : public DaemonTest {
 protected:
  void expect_stops_soon() {
    const auto begin = Clock::now();
    EXPECT_EQ(daemon().stop(), ExitStatus{.code = 0});
    EXPECT_LT(Clock::now() - begin, kStopBound);
    EXPECT_THAT(temporaries(), IsEmpty());
    EXPECT_FALSE(test::exists(paths_.socket));
  }
};

TEST_F(Lifecycle, StopsWhenIdle) {
  start();
  LineClient idle = daemon().client();
  ASSERT_EQ(idle.ask(kPing), kPong);
  const auto begin = Clock::now();
  EXPECT_EQ(daemon().stop(), ExitStatus{.code = 0});
  EXPECT_LT(Clock::now() - begin, 500ms) << "nobody is owed anything: there is nothing to wait for";
  EXPECT_TRUE(idle.at_end());
}

TEST_F(Lifecycle, StopsWithStuckClients) {
  start();
  LineClient unfinished = daemon().client();
  const std::string request = set_env(R"({"A":"1"})");
  ASSERT_TRUE(unfinished.send(request.substr(0, request.size() - 1)));
  LineClient deaf = daemon().client();
  std::string pings;
  for (int i = 0; i < 1000; ++i) pings += kPing;
  while (deaf.send_some(pings) > 0) std::this_thread::sleep_for(2ms);
  expect_stops_soon();
  EXPECT_FALSE(test::exists(paths_.env_file)) << "a partial line was run";
}

// Everything has arrived before the signal is seen: the daemon is held meanwhile.
TEST_F(Lifecycle, CompleteRequestsAreAnswered) {
  start();
  LineClient client = daemon().client();
  LineClient other = daemon().client();
  ASSERT_EQ(client.ask(kPing), kPong);
  ASSERT_EQ(other.ask(kPing), kPong);
  daemon().process().signal(SIGSTOP);
  std::string requests;
  for (int i = 0; i < 200; ++i) requests += kPing;
  const std::string partial = set_env(R"({"PARTIAL":"1"})");
  ASSERT_TRUE(client.send(requests + set_env(R"({"A":"1"})") + partial.substr(0, partial.size() - 1)));
  ASSERT_TRUE(other.send(set_secret("s")));
  daemon().process().signal(SIGTERM);
  daemon().process().signal(SIGCONT);
  for (int i = 0; i < 201; ++i) ASSERT_EQ(client.read_line(), kPong);
  EXPECT_TRUE(client.at_end());
  EXPECT_EQ(other.read_line(), kPong);
  EXPECT_TRUE(other.at_end());
  EXPECT_EQ(daemon().process().wait(test::kPatience), ExitStatus{.code = 0});
  EXPECT_EQ(test::read_file(paths_.env_file), "A=1\n");
  EXPECT_EQ(test::read_file(paths_.secrets_dir + "/s"), "hunter2");
}

TEST_F(Lifecycle, StopsUnderLoad) {
  start();
  std::atomic<bool> stop = false;
  std::vector<std::jthread> clients;
  for (int i = 0; i < 4; ++i) {
    clients.emplace_back([&stop, i, client = daemon().client()]() mutable {
      const std::string request = set_secret("s" + std::to_string(i), std::string(40'000, 'A'));
      while (!stop && client.ask(request) == kPong) {
      }
    });
  }
  std::this_thread::sleep_for(100ms);
  expect_stops_soon();
  stop = true;
}

TEST_F(Lifecycle, ASecondSignalChangesNothing) {
  start();
  LineClient unfinished = daemon().client();
  ASSERT_TRUE(unfinished.send("{"));
  ASSERT_TRUE(unfinished.await_taken());
  daemon().process().signal(SIGTERM);
  daemon().process().signal(SIGTERM);
  expect_stops_soon();
}

TEST_F(Lifecycle, NobodyIsLetInWhileStopping) {
  start();
  LineClient unfinished = daemon().client();
  ASSERT_TRUE(unfinished.send("{"));
  ASSERT_TRUE(unfinished.await_taken());
  daemon().process().signal(SIGTERM);
  ASSERT_TRUE(daemon().process().wait_err("stopping", Deadline::after(test::kPatience)));
  const Deadline deadline = Deadline::after(test::kPatience);
  while (test::exists(paths_.socket) && !deadline.passed()) std::this_thread::sleep_for(1ms);
  EXPECT_THROW(LineClient::connect(paths_.socket), std::system_error);
}

TEST_F(Lifecycle, ClientsThatLeaveInTheMiddleOfAReplyDoNoHarm) {
  start();
  const std::string id = "\"" + std::string(500'000, 'i') + "\"";
  for (int i = 0; i < 10; ++i) {
    LineClient client = daemon().client();
    ASSERT_TRUE(client.send(R"({"op":"ping","id":)" + id + "}\n"));
    EXPECT_FALSE(client.read_some().empty());
  }
  EXPECT_EQ(daemon().ask(kPing), kPong);
}

TEST_F(Lifecycle, KilledUnderLoadLeavesWholeFiles) {
  const std::string a(40'000, 'A');
  const std::string b(400'000, '/');
  std::size_t left = 0;
  for (int round = 0; round < 12; ++round) {
    SCOPED_TRACE(round);
    start();
    EXPECT_THAT(temporaries(), IsEmpty()) << "not swept";
    std::jthread load([&, client = daemon().client()]() mutable {
      for (int i = 0; client.ask(set_secret("s", i % 2 == 0 ? a : b)) == kPong &&
                      client.ask(set_env(i % 2 == 0 ? R"({"A":"1"})" : R"({"A":"2","B":"3"})")) == kPong;) {
        ++i;
      }
    });
    std::this_thread::sleep_for(std::chrono::milliseconds(5 + 3 * round));
    daemon().process().kill();
    load.join();
    left += temporaries().size();
    if (test::exists(paths_.secrets_dir + "/s")) {
      const std::string seen = test::read_file(paths_.secrets_dir + "/s");
      EXPECT_TRUE(seen == std::string(30'000, '\0') || seen == std::string(300'000, '\xff')) << seen.size();
    }
    if (test::exists(paths_.env_file)) {
      EXPECT_THAT(test::read_file(paths_.env_file), testing::AnyOf("A=1\n", "A=2\nB=3\n"));
    }
    EXPECT_LE(temporaries().size(), 1U) << "one request, one temporary";
  }
  RecordProperty("temporaries_left", static_cast<int>(left));
  start();
  EXPECT_THAT(temporaries(), IsEmpty());
}

}  // namespace
}  // namespace microvm::contract
