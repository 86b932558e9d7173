// The two limits of 30 s, side by side on one daemon each: a line that does not end, replies that nobody reads.
#include <thread>

#include "tests/contract/daemon_test.h"

namespace microvm::contract {
namespace {

using Clock = std::chrono::steady_clock;
using testing::HasSubstr;

constexpr auto kLimit = 30s;
constexpr auto kSlack = 5s;

// Sends pings, whole ones in the end, as fast as they are taken.
class Flood {
 public:
  explicit Flood(LineClient client) : client_(std::move(client)) {
    for (int i = 0; i < 4000; ++i) pings_ += kPing;
    for (int idle = 0; idle < 20; std::this_thread::sleep_for(2ms)) idle = send() ? 0 : idle + 1;
  }
  bool send() {
    const std::size_t n = client_.send_some(std::string_view(pings_).substr(sent_ % kPing.size()));
    sent_ += n;
    return n > 0;
  }
  LineClient& client() { return client_; }

 private:
  LineClient client_;
  std::string pings_;
  std::size_t sent_ = 0;
};

// Every kind of slow client on one daemon.
class SlowClients {
 public:
  explicit SlowClients(const Daemon& daemon)
      : daemon_(daemon),
        silent_(daemon.client()),
        dripping_(daemon.client()),
        skipped_(daemon.client()),
        idle_(daemon.client()),
        begin_(Clock::now()),
        deaf_(daemon.client()),
        reading_(daemon.client()) {
    EXPECT_TRUE(silent_.send(set_env(R"({"A":"1"})").substr(0, 30)));
    EXPECT_TRUE(dripping_.send("{\"id\":\"x\""));
    EXPECT_TRUE(skipped_.send("{\"id\":\"x\",\"u\":\"" + std::string(1'100'000, 'u')));
    EXPECT_EQ(error_of(skipped_.read_line().value_or("")), "line too long: limit 1048576 bytes");
    EXPECT_EQ(idle_.ask(kPing), kPong);
  }

  // What they do until the limits have passed.
  void live_until(Clock::time_point end) {
    for (; Clock::now() < end; std::this_thread::sleep_for(500ms)) {
      dripping_.send_some(" ");
      skipped_.send_some("u");
      reading_.client().read_some();
      reading_.send();
      EXPECT_EQ(daemon_.ask(kPing), kPong) << "others are served";
    }
  }

  void run() {
    live_until(begin_ + kLimit - 2s);
    for (LineClient* client : {&silent_, &dripping_, &skipped_}) {
      EXPECT_TRUE(client->read_some(Deadline::after({})).empty()) << "closed too early";
      EXPECT_FALSE(client->at_end(Deadline::after({}))) << "closed too early";
    }
    live_until(begin_ + kLimit + kSlack);
    for (LineClient* client : {&silent_, &dripping_}) {
      const std::string reply = client->read_line(Deadline::after({})).value_or("no answer");
      EXPECT_THAT(error_of(reply).value_or(reply), HasSubstr("30 s"));
      EXPECT_TRUE(client->at_end(Deadline::after({})));
    }
    EXPECT_TRUE(skipped_.at_end(Deadline::after({}))) << "a second reply to one line";
    while (!deaf_.client().read_some(Deadline::after({})).empty()) {
    }
    EXPECT_TRUE(deaf_.client().at_end(Deadline::after({})));
    EXPECT_EQ(idle_.ask(kPing), kPong) << "a connection that owes nothing was closed";
    EXPECT_THAT(reading_.client().read_some(), HasSubstr(kPong)) << "it is slow, not gone";
    EXPECT_FALSE(test::exists(daemon_.paths().env_file)) << "a partial line was run";
  }

 private:
  const Daemon& daemon_;
  LineClient silent_;    // begins a line
  LineClient dripping_;  // adds a byte now and then
  LineClient skipped_;   // is over the limit of a line already
  LineClient idle_;      // owes nothing
  Clock::time_point begin_;
  Flood deaf_;     // reads no reply
  Flood reading_;  // reads some
};

TEST(SlowClientsTest, AreClosedAfterThirtySecondsWhileOthersAreServed) {
  std::vector<std::jthread> daemons;
  for (const char* program : {"METADATAD_BIN", "METADATAD_STATIC_BIN"}) {
    daemons.emplace_back([program] {
      SCOPED_TRACE(program);
      const test::TempDir dir;
      Daemon daemon(dir, {}, {.argv = {test::required_env(program)}});
      SlowClients(daemon).run();
      EXPECT_EQ(daemon.stop(), ExitStatus{.code = 0});
      expect_clean_log(daemon.log());
    });
  }
}

}  // namespace
}  // namespace microvm::contract
