// The two limits of 30 s, side by side on one daemon each: a line that does not end, replies that nobody reads.
#include <thread>

#include "tests/contract/daemon_test.h"

namespace microvm::contract {
namespace {

using Clock = std::chrono::steady_clock;
using testing::HasSubstr;

constexpr auto kLimit = 30s;
constexpr auto kSlack = 4s;

// Every client on the daemon whose time runs.
class SlowClients {
 public:
  explicit SlowClients(const Daemon& daemon) : daemon_(daemon) {
    for (LineClient* client : {&silent_, &dripping_, &skipped_, &idle_, &deaf_, &reading_}) *client = daemon.client();
    const std::string too_long = "{\"id\":\"x\",\"u\":\"" + std::string(1'100'000, 'u');
    EXPECT_TRUE(silent_.send(set_env(R"({"A":"1"})").substr(0, 20)));
    EXPECT_TRUE(dripping_.send("{\"id\":\"x\""));
    EXPECT_TRUE(skipped_.send(too_long));
    EXPECT_EQ(error_of(skipped_.read_line().value_or("")), "line too long: limit 1048576 bytes");
    EXPECT_EQ(idle_.ask(kPing), kPong);
    for (int i = 0; i < 4000; ++i) pings_ += kPing;
    fill(deaf_);
    fill(reading_);
  }

  // Once a second until the limits have passed.
  void step() {
    dripping_.send_some(" ");
    skipped_.send_some("u");
    reading_.read_some();  // a bit of its replies: it is slow, not gone
    EXPECT_EQ(daemon_.ask(kPing), kPong) << "others are served";
  }

  void expect_closed_in_time(Clock::time_point begin) {
    const std::string late = silent_.read_line(Deadline::at(begin + kLimit + kSlack)).value_or("");
    EXPECT_GE(Clock::now() - begin, kLimit - 1s) << "too early";
    EXPECT_THAT(error_of(late, R"("")").value_or(late), HasSubstr("30 s"));
    EXPECT_TRUE(silent_.at_end());
    EXPECT_TRUE(error_of(dripping_.read_line(Deadline::at(begin + kLimit + kSlack)).value_or("")));
    EXPECT_TRUE(dripping_.at_end());
    EXPECT_TRUE(skipped_.at_end(Deadline::at(begin + kLimit + kSlack))) << "a second reply to one line";
    std::size_t queued = 0;
    for (std::string part; !(part = deaf_.read_some(Deadline::at(begin + kLimit + kSlack))).empty();)
      queued += part.size();
    EXPECT_TRUE(deaf_.at_end());
    EXPECT_LT(queued, 8U * 1024 * 1024);
    EXPECT_FALSE(test::exists(daemon_.paths().env_file));
  }

  void expect_alive() {
    EXPECT_EQ(idle_.ask(kPing), kPong) << "a connection that owes nothing was closed";
    EXPECT_FALSE(reading_.read_some().empty());
    EXPECT_GT(reading_.send_some(pings_), 0U);
  }

 private:
  void fill(LineClient& client) const {
    for (int idle = 0; idle < 20;) {
      idle = client.send_some(pings_) == 0 ? idle + 1 : 0;
      if (idle > 0) std::this_thread::sleep_for(2ms);
    }
  }

  const Daemon& daemon_;
  std::string pings_;
  LineClient silent_, dripping_, skipped_, idle_, deaf_, reading_;
};

TEST(SlowClientsTest, AreClosedAfterThirtySecondsWhileOthersAreServed) {
  std::vector<std::jthread> daemons;
  for (const char* program : {"METADATAD_BIN", "METADATAD_STATIC_BIN"}) {
    daemons.emplace_back([program] {
      SCOPED_TRACE(program);
      const test::TempDir dir;
      Daemon daemon(dir, {}, {.argv = {test::required_env(program)}});
      const auto begin = Clock::now();
      SlowClients clients(daemon);
      while (Clock::now() < begin + kLimit - 1s) {
        clients.step();
        std::this_thread::sleep_for(1s);
      }
      clients.expect_closed_in_time(begin);
      clients.expect_alive();
      EXPECT_EQ(daemon.stop(), ExitStatus{.code = 0});
      expect_clean_log(daemon.log());
    });
  }
}

}  // namespace
}  // namespace microvm::contract
