// How soon a client that waits for its guest gets to work: beside a boot, and beside a daemon that starts late.
#include <gmock/gmock.h>

#include <charconv>
#include <stdexcept>

#include "tests/guest/guest_test.h"

namespace microvm::test {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using ::testing::HasSubstr;

constexpr std::uint32_t kClockPort = 9000;

// The time that the probe puts before a line.
nanoseconds stamp_of(std::string_view line) {
  long long value = 0;
  std::from_chars(line.data(), line.data() + line.size(), value);
  return nanoseconds(value);
}

// When it was `guest` on the guest's clock, on ours; half the quickest round trip is the error.
struct GuestClock {
  nanoseconds ahead{};
  nanoseconds round_trip = nanoseconds::max();

  void ask(LineClient& probe) {
    const auto before = Clock::now();
    const nanoseconds guest = stamp_of(probe.ask("now\n"));
    const nanoseconds took = Clock::now() - before;
    if (took >= round_trip) return;
    round_trip = took;
    ahead = guest - before.time_since_epoch() - took / 2;
  }
  [[nodiscard]] Clock::time_point ours(nanoseconds guest) const {
    return Clock::time_point(std::chrono::duration_cast<Clock::duration>(guest - ahead));
  }
};

GuestClock read_guest_clock(const std::string& uds) {
  LineClient probe = LineClient::connect(uds);
  GuestClock clock;
  if (probe.ask("CONNECT " + std::to_string(kClockPort) + "\n").starts_with("OK ")) {
    for (int i = 0; i < 50; ++i) clock.ask(probe);
  }
  return clock;
}

// The stamp of the line of `lines` that holds `text`.
nanoseconds stamp_beside(std::string_view lines, std::string_view text) {
  const auto at = lines.find(text);
  if (at == std::string_view::npos) throw std::runtime_error("no line with " + std::string(text));
  return stamp_of(lines.substr(lines.rfind('\n', at) + 1));  // npos + 1 is the first line
}

TEST_F(GuestTest, ClientThatWaitsIsReadySoonAfterTheBind) {
  output("vsock_probe listen " + std::to_string(kClockPort) + " >/dev/null 2>&1 &");
  start("{ { usleep 500000; echo starting; microvm-guest-metadatad; } 2>&1 | vsock_probe stamp; }");
  metadata::Client client = connect();
  const auto connected = Clock::now();
  ASSERT_TRUE(client.ping());
  const auto answered = Clock::now();

  const auto again = Clock::now();
  ASSERT_TRUE(connect().ping());
  const nanoseconds plain = Clock::now() - again;

  const GuestClock clock = read_guest_clock(vm().uds());
  const std::string lines = log();
  const auto started = clock.ours(stamp_beside(lines, "starting"));
  const auto listening = clock.ours(stamp_beside(lines, "listening"));
  // The bind lies between the two; how far apart they are says how far the first figure can be off.
  std::printf(
      "from the daemon's start: it says that it listens %.1f ms, client connected %.1f ms, first answer %.1f ms "
      "(+-%.1f); a second client connects and pings in %.1f ms\n",
      ms(listening - started), ms(connected - started), ms(answered - started), ms(clock.round_trip) / 2, ms(plain));
  // The promise of 5 ms is kept by the tests without a guest; here two processors emulate one.
  EXPECT_LT(answered - listening, milliseconds(500));
}

TEST_F(GuestTest, DaemonThatStartsWithTheGuestAnswersAClientThatWasThereFirst) {
  const auto start = Clock::now();
  GuestVm own = GuestVm::boot({.cid = 77, .daemon = "--port 6000"});
  auto client = metadata::Client::connect({own.uds(), 6000}, {.connect_timeout = milliseconds(60'000)});
  ASSERT_TRUE(client) << client.error().message << own.console();
  ASSERT_TRUE(client->ping());
  std::printf("QEMU started -> first answer of the daemon %.0f ms\n", ms(Clock::now() - start));
  EXPECT_THAT(own.console(), HasSubstr("6000"));
}

TEST_F(GuestTest, GuestThatIsGoneEndsTheConnectionAndRefusesTheNext) {
  GuestVm own = GuestVm::boot({.daemon = ""});
  auto client = metadata::Client::connect({own.uds()}, {.connect_timeout = milliseconds(60'000)});
  ASSERT_TRUE(client) << client.error().message << own.console();
  own.kill();
  const auto ping = client->ping();
  ASSERT_FALSE(ping);
  EXPECT_EQ(ping.error().code, ErrorCode::ConnectionLost) << ping.error().message;
  const auto next = metadata::Client::connect({own.uds()}, {.connect_timeout = milliseconds(50)});
  ASSERT_FALSE(next);
  EXPECT_EQ(next.error().code, ErrorCode::Refused) << next.error().message;
}

}  // namespace
}  // namespace microvm::test
