// The vsock device without QEMU: streams against recordings of Firecracker, packets, limits, and what a guest or QEMU
// may do wrong.
#include <gmock/gmock.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <chrono>
#include <vector>

#include "standin/vsock/front.h"
#include "standin/vsock/handshake.h"
#include "tests/host/streams.h"
#include "tests/standin/vsock_front_driver.h"
#include "tests/standin/vsock_front_recorded_guest.h"
#include "tests/standin/vsock_front_served.h"
#include "tests/support/temp_dir.h"

namespace microvm::test {
namespace {

using namespace std::chrono_literals;
using Op = VsockDriver::Op;
using Ports = VsockDriver::Ports;

constexpr std::uint32_t kFirstPort = 1U << 30;
constexpr auto kRequestTimeout = 2100ms;  // a little more than the device's own
constexpr std::uint32_t kNoMoreReceived = 1;
constexpr std::uint32_t kNoMoreSent = 2;
constexpr std::uint32_t kBothWays = 3;
constexpr std::uint32_t kHostWindow = 64 * 1024;

TEST(ConnectLine, IsReadAsFirecrackerReadsIt) {
  struct Case {
    std::string_view arrived;
    std::size_t size;
    std::optional<std::uint32_t> port;
  };
  constexpr Case kCases[] = {
      {"CONNECT 52\n", 11, 52},
      {"CONNECT 5\n", 10, 5},
      {"connect 52\nhello", 11, 52},
      {" \tCoNnEcT  +0052 a b\r\n", 22, 52},
      {"CONNECT\n52\n", 11, 52},
      {"CONNECT\u00a0\u300052\n", 15, 52},
      {"CONNECT 4294967295\n", 19, 4294967295},
      {"CONNECT 4294967296\n", 19, {}},
      {"CONNECT -52\n", 12, {}},
      {"CONNECT ++5\n", 12, {}},
      {"CONNECT 52x\n", 12, {}},
      {"CONNECT +\n\n", 10, {}},
      {"CONNECT   \n", 11, {}},
      {"CONNECTS 52\n", 12, {}},
      {"LISTEN 52\n\n", 10, {}},
      {"CONNECT 52 \xff\n", 13, {}},
      {"CONNECT 52", 10, {}},
      {"CONNECT\n", 8, {}},
      {"CONNECT 52                     \n", 32, 52},
      {"CONNECT 52                      \n", 32, 52},
      {"CONNECT 52                     ", 31, {}},
      {"", 0, {}},
  };
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.arrived);
    const auto line = standin::vsock::read_connect_line(c.arrived);
    EXPECT_EQ(line.size, c.size);
    EXPECT_EQ(line.port, c.port);
  }
}

class VsockFront : public testing::Test {
 protected:
  LineClient dial(std::string_view line = "CONNECT 52\n") const {
    LineClient stream = LineClient::connect(uds_);
    stream.send(line);
    return stream;
  }
  // A stream that the guest has accepted.
  LineClient connected(VsockDriver& driver, Ports& ports) const {
    LineClient stream = dial();
    ports = take_request(driver);
    driver.send(ports, Op::Response);
    EXPECT_EQ(stream.read_line(), "OK " + std::to_string(ports.host));
    return stream;
  }
  static Ports take_request(VsockDriver& driver) {
    const auto packet = driver.receive();
    if (!packet) throw std::runtime_error("no packet came");
    EXPECT_EQ(packet->header.op, Op::Request);
    EXPECT_EQ(packet->header.src_cid, 2U);
    EXPECT_EQ(packet->header.dst_cid, 3U);
    EXPECT_EQ(packet->header.buf_alloc, kHostWindow);
    return {packet->header.src_port, packet->header.dst_port};
  }
  static void expect_packet(VsockDriver& driver, Op op, Ports ports, std::string_view data = {}) {
    const auto packet = driver.receive();
    ASSERT_TRUE(packet) << "no packet came";
    EXPECT_EQ(packet->header.op, op);
    EXPECT_EQ(packet->header.src_port, ports.host);
    EXPECT_EQ(packet->header.dst_port, ports.guest);
    EXPECT_EQ(packet->data, data);
  }
  static void expect_nothing(VsockDriver& driver) { EXPECT_FALSE(driver.receive(Deadline::after(30ms))); }

  TempDir dir_;
  std::string uds_ = dir_ / "v.sock";
  ServedFront front_{uds_};
};

TEST_F(VsockFront, StreamsGoAsThoseOfFirecracker) {
  RecordedGuest guest(front_.attach());
  expect_streams({[&] { front_.hold(); }, [&] { front_.release(); }}, uds_, rows_like_recorded(), kRequestTimeout);
}

TEST_F(VsockFront, ReproducesTheRecordedStreams) {
  const std::vector<Row> rows = rows_recorded();
  if (rows.empty()) GTEST_SKIP() << "no recording: MICROVM_GOLDEN_DIR does not name a folder with vsock_real.jsonl";
  ASSERT_EQ(rows.size(), 51U);
  RecordedGuest guest(front_.attach());
  expect_streams({[&] { front_.hold(); }, [&] { front_.release(); }}, uds_, rows, kRequestTimeout);
}

TEST_F(VsockFront, HoldsDialsUntilTheDriverIsUp) {
  LineClient early = dial();
  VsockDriver driver(front_.attach());
  EXPECT_EQ(early.read_line(Deadline::after(50ms)), std::nullopt);
  EXPECT_FALSE(front_.driver_is_up());
  driver.start();
  EXPECT_TRUE(front_.driver_is_up());
  const Ports ports = take_request(driver);
  EXPECT_EQ(ports, (Ports{kFirstPort, 52}));
  driver.send(ports, Op::Reset);
  EXPECT_TRUE(early.at_end());
}

TEST_F(VsockFront, CountsHostPortsOnFromTheLastOne) {
  for (const std::uint32_t last : {kFirstPort + 7, (1U << 31) - 1}) {
    const std::string uds = dir_ / ("v" + std::to_string(last));
    ServedFront front(uds, last);
    VsockDriver driver(front.attach());
    driver.start();
    LineClient stream = LineClient::connect(uds);
    stream.send("CONNECT 52\n");
    EXPECT_EQ(take_request(driver).host, last == kFirstPort + 7 ? kFirstPort + 8 : kFirstPort);
  }
}

TEST_F(VsockFront, KeepsConnectionsOverAPauseButNotOverANewDriver) {
  VsockDriver driver(front_.attach());
  driver.start();
  Ports ports;
  LineClient stream = connected(driver, ports);
  driver.pause();
  stream.send("meanwhile");
  expect_nothing(driver);
  driver.resume();
  expect_packet(driver, Op::Data, ports, "meanwhile");
  driver.pause();
  driver.start();
  EXPECT_TRUE(stream.at_end());
  expect_nothing(driver);
}

TEST_F(VsockFront, ResetEndsConnectionsOnBothSides) {
  VsockDriver driver(front_.attach());
  driver.start();
  Ports ports;
  LineClient stream = connected(driver, ports);
  front_.reset();
  EXPECT_TRUE(stream.at_end());
  expect_packet(driver, Op::Reset, ports);
  Ports next;
  LineClient after = connected(driver, next);
  EXPECT_EQ(next.host, ports.host + 1);
}

TEST_F(VsockFront, TellsTheGuestWhenTheHostIsGone) {
  VsockDriver driver(front_.attach());
  driver.start();
  Ports ports;
  LineClient stream = connected(driver, ports);
  stream.send("last words");
  stream.close();
  expect_packet(driver, Op::Data, ports, "last words");
  const auto packet = driver.receive();
  ASSERT_TRUE(packet);
  EXPECT_EQ(packet->header.op, Op::Shutdown);
  EXPECT_EQ(packet->header.flags, kBothWays);
  driver.send(ports, Op::Reset);
  driver.send(ports, Op::Data, "x");  // the connection is gone by now
  expect_packet(driver, Op::Reset, ports);
  const auto counters = front_.counters();
  EXPECT_EQ(counters.conns_added, 1U);
  EXPECT_EQ(counters.conns_removed, 1U);
  EXPECT_EQ(counters.rx_bytes_count, std::string_view("last words").size());
}

TEST_F(VsockFront, GivesTheGuestNoMoreThanItHasRoomFor) {
  VsockDriver driver(front_.attach());
  driver.start();
  Ports ports;
  LineClient stream = connected(driver, ports);
  std::string sent(100'000, 'x');
  stream.send(sent);
  std::size_t received = 0;
  while (received < VsockDriver::kWindow) {
    const auto packet = driver.receive();
    ASSERT_TRUE(packet && packet->header.op == Op::Data);
    received += packet->data.size();
  }
  EXPECT_EQ(received, VsockDriver::kWindow);
  expect_nothing(driver);
  VsockDriver::Header credit;
  credit.dst_cid = 2;
  credit.src_port = ports.guest;
  credit.dst_port = ports.host;
  credit.op = Op::CreditUpdate;
  credit.buf_alloc = VsockDriver::kWindow;
  credit.fwd_cnt = VsockDriver::kWindow;
  driver.send(credit);
  while (received < sent.size()) {
    const auto packet = driver.receive();
    ASSERT_TRUE(packet && packet->header.op == Op::Data);
    received += packet->data.size();
  }
  EXPECT_EQ(received, sent.size());
}

TEST_F(VsockFront, KeepsWhatTheHostDoesNotReadWithinItsWindow) {
  VsockDriver driver(front_.attach());
  driver.start();
  Ports ports;
  LineClient stream = connected(driver, ports);
  const std::string part(32 * 1024, 'y');
  std::size_t sent = 0;
  // What the socket takes, then the window, of which the guest hears; then it breaks the rule.
  std::uint32_t taken = 0;
  while (sent - taken < kHostWindow) {
    driver.send(ports, Op::Data, part);
    sent += part.size();
    driver.send(ports, Op::CreditRequest);
    std::optional<Packet> packet;
    do packet = driver.receive();
    while (packet && packet->header.op == Op::CreditUpdate && packet->header.fwd_cnt == taken && sent <= part.size());
    ASSERT_TRUE(packet && packet->header.op == Op::CreditUpdate);
    taken = packet->header.fwd_cnt;
    ASSERT_LT(sent, 10U << 20);
  }
  driver.send(ports, Op::Data, "z");
  std::optional<Packet> packet;
  do packet = driver.receive();
  while (packet && packet->header.op == Op::CreditUpdate);
  ASSERT_TRUE(packet);
  EXPECT_EQ(packet->header.op, Op::Reset);
  std::size_t read = 0;
  for (std::string some; !(some = stream.read_some()).empty();) read += some.size();
  EXPECT_EQ(read, taken);
}

TEST_F(VsockFront, EmptiesItsWindowBeforeACloseByTheGuest) {
  VsockDriver driver(front_.attach());
  driver.start();
  Ports ports;
  LineClient stream = connected(driver, ports);
  const std::string part(32 * 1024, 'y');
  std::size_t sent = 0;
  for (std::uint32_t taken = 0; sent - taken < kHostWindow / 2;) {
    driver.send(ports, Op::Data, part);
    sent += part.size();
    driver.send(ports, Op::CreditRequest);
    const auto packet = driver.receive();
    ASSERT_TRUE(packet && packet->header.op == Op::CreditUpdate);
    taken = packet->header.fwd_cnt;
  }
  driver.send(ports, Op::Shutdown, {}, kBothWays);
  std::size_t read = 0;
  for (std::string some; !(some = stream.read_some()).empty();) read += some.size();
  EXPECT_EQ(read, sent);
}

TEST_F(VsockFront, OffersMoreRoomBeforeTheGuestHasUsedItUp) {
  VsockDriver driver(front_.attach());
  driver.start();
  Ports ports;
  const LineClient stream = connected(driver, ports);
  for (int i = 0; i < 15; ++i) driver.send(ports, Op::Data, std::string(4096, 'y'));
  expect_nothing(driver);
  driver.send(ports, Op::Data, "z");
  const auto packet = driver.receive();
  ASSERT_TRUE(packet);
  EXPECT_EQ(packet->header.op, Op::CreditUpdate);
  EXPECT_EQ(packet->header.fwd_cnt, 15U * 4096U + 1U);
}

TEST_F(VsockFront, ForwardsNoHalfCloseOfTheGuest) {
  VsockDriver driver(front_.attach());
  driver.start();
  Ports ports;
  LineClient stream = connected(driver, ports);
  driver.send(ports, Op::Shutdown, {}, kNoMoreReceived);
  stream.send("x");
  expect_nothing(driver);
  driver.send(ports, Op::Data, "still\n");
  EXPECT_EQ(stream.read_line(), "still");
  driver.send(ports, Op::Shutdown, {}, kNoMoreSent);
  expect_packet(driver, Op::Reset, ports);
  stream.read_some();
  EXPECT_FALSE(stream.send("y"));
}

TEST_F(VsockFront, AnswersStrayPackets) {
  VsockDriver driver(front_.attach());
  driver.start();
  const Ports ports{kFirstPort, 77};
  driver.send(ports, Op::Data, "to nobody");
  expect_packet(driver, Op::Reset, ports);
  VsockDriver::Header header;
  header.src_port = ports.guest;
  header.dst_port = ports.host;
  header.op = Op::Request;
  header.dst_cid = 7;
  driver.send(header);
  expect_nothing(driver);
  header.dst_cid = 2;
  header.type = 2;
  driver.send(header);
  expect_packet(driver, Op::Reset, ports);
}

TEST_F(VsockFront, CallsTheHost) {
  VsockDriver driver(front_.attach());
  driver.start();
  const Ports ports{5000, 1234};
  driver.send(ports, Op::Request);
  expect_packet(driver, Op::Reset, ports);
  const UniqueFd listener = listen_unix(uds_ + "_5000");
  driver.send(ports, Op::Request);
  expect_packet(driver, Op::Response, ports);
  LineClient called(UniqueFd(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC)));
  driver.send(ports, Op::Data, "hi\n");
  EXPECT_EQ(called.read_line(), "hi");
  called.send("ho");
  expect_packet(driver, Op::Data, ports, "ho");
  driver.send(ports, Op::Shutdown, {}, kBothWays);
  expect_packet(driver, Op::Reset, ports);
  EXPECT_TRUE(called.at_end());
}

TEST_F(VsockFront, GivesUpACallWhoseListenerStaysFull) {
  VsockDriver driver(front_.attach());
  driver.start();
  const UniqueFd listener = listen_unix(uds_ + "_5000");
  ::listen(listener.get(), 0);
  const LineClient first = LineClient::connect(uds_ + "_5000");
  const auto begin = std::chrono::steady_clock::now();
  driver.send({5000, 1}, Op::Request);
  EXPECT_GE(std::chrono::steady_clock::now() - begin, 2s);
  expect_packet(driver, Op::Reset, {5000, 1});
}

TEST_F(VsockFront, KeepsABoundedNumberOfAnswers) {
  VsockDriver driver(front_.attach());
  driver.start();
  driver.keep_buffers(true);
  constexpr std::uint32_t kStray = 3000;
  for (std::uint32_t i = 0; i < kStray; ++i) driver.send({i, 1}, Op::Data, "x");
  std::uint32_t answers = 0;
  while (driver.receive(Deadline::after(100ms))) {
    ++answers;
    driver.give_back_buffers();
  }
  EXPECT_EQ(answers, 64U + 1024U);
}

TEST_F(VsockFront, SurvivesChainsThatBreakTheRules) {
  VsockDriver driver(front_.attach());
  driver.start();
  constexpr std::uint64_t kBase = VsockDriver::kGuestBase;
  constexpr std::uint16_t kNext = 1;
  const std::vector<std::vector<VsockDriver::Descriptor>> chains = {
      {{kBase - 8, 44, 0, 0}},                   // begins outside
      {{kBase + 0x8000, 0x7fff'ffff, 0, 0}},     // ends outside
      {{0xffff'ffff'ffff'fff0, 44, 0, 0}},       // wraps
      {{kBase, 44, kNext, 0}},                   // a loop
      {{kBase, 44, kNext, 999}},                 // leads outside the ring
      {{kBase + 0x8000, 44, 4, 0}},              // indirect
      {{kBase, 44, 2, 0}},                       // for the other direction
      {{kBase, 43, 0, 0}},                       // too short for a header
      {{kBase, 0, kNext, 1}, {kBase, 0, 0, 0}},  // empty
      {{kBase + 0x8000, 44, 0, 0}},              // all zero: neither our CID nor a stream
  };
  for (const auto& chain : chains) driver.send_chain(chain);
  expect_packet(driver, Op::Reset, {0, 0});
  Ports ports;
  LineClient stream = connected(driver, ports);
  driver.claim(200);
  LineClient next = dial();
  take_request(driver);
}

TEST_F(VsockFront, RefusesMessagesThatBreakTheRules) {
  constexpr std::uint32_t kNeedReply = 9;
  const std::string refused("\1\0\0\0\0\0\0\0", 8);
  VsockDriver driver(front_.attach());
  driver.start();
  EXPECT_EQ(driver.ask(99, {}, {}, true, kNeedReply), refused);                                   // unknown
  EXPECT_EQ(driver.ask(8, "1234", {}, true, kNeedReply), refused);                                // too short
  EXPECT_EQ(driver.ask(8, std::string("\2\0\0\0\x80\0\0\0", 8), {}, true, kNeedReply), refused);  // no such ring
  EXPECT_EQ(driver.ask(8, std::string("\0\0\0\0\x7f\0\0\0", 8), {}, true, kNeedReply), refused);  // no power of two
  EXPECT_EQ(driver.ask(5, std::string("\x9\0\0\0\0\0\0\0", 8), {}, true, kNeedReply), refused);   // nine regions
  EXPECT_EQ(driver.ask(5, std::string("\1\0\0\0\0\0\0\0", 8) + std::string(32, '\1'), {}, true, kNeedReply), refused);
  EXPECT_FALSE(front_.driver_is_up());  // there is no memory now
  EXPECT_EQ(driver.ask(24, std::string("\4\0\0\0\x8\0\0\0\0\0\0\0", 12) + std::string(8, '\0')), "");
  EXPECT_EQ(driver.ask(24, std::string("\0\0\0\0\x8\0\0\0\0\0\0\0", 12) + std::string(8, '\0')).substr(12),
            std::string("\3\0\0\0\0\0\0\0", 8));
  driver.ask(1, std::string(513, 'x'), {}, false);
  EXPECT_TRUE(driver.is_unplugged());
}

TEST_F(VsockFront, TakesANewDeviceInPlaceOfTheOldOne) {
  VsockDriver old(front_.attach());
  old.start();
  Ports ports;
  LineClient stream = connected(old, ports);
  VsockDriver next(front_.attach());
  EXPECT_TRUE(stream.at_end());
  EXPECT_TRUE(old.is_unplugged());
  next.start();
  LineClient after = connected(next, ports);
  EXPECT_EQ(ports.host, kFirstPort + 1);
}

TEST_F(VsockFront, GoesOnWhenItHadNoMoreDescriptors) {
  VsockDriver driver(front_.attach());
  driver.start();
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  front_.hold();
  LineClient stream = dial();  // it has the lowest descriptor that was free
  const rlimit none{static_cast<rlim_t>(stream.fd()) + 1, files.rlim_max};
  ::setrlimit(RLIMIT_NOFILE, &none);
  front_.release();
  expect_nothing(driver);
  ::setrlimit(RLIMIT_NOFILE, &files);
  EXPECT_EQ(take_request(driver).guest, 52U);
}

}  // namespace
}  // namespace microvm::test
