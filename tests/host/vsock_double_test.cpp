// The double against what a real Firecracker did, and against its documented limits.
#include "tests/support/vsock_double.h"

#include <gmock/gmock.h>
#include <sys/resource.h>

#include <cstdlib>
#include <filesystem>

#include "tests/host/streams.h"
#include "tests/support/temp_dir.h"

namespace microvm::test {
namespace {

using namespace std::chrono_literals;

// Instead of the 2 s of the real one.
constexpr auto kRequestTimeout = 200ms;

class VsockDoubleTest : public testing::Test {
 protected:
  TempDir dir_;
  std::string uds_ = dir_.path() + "/v.sock";
  VsockDouble vsock_{uds_, true, {.connections = 1023, .request_timeout = kRequestTimeout}};
};

TEST_F(VsockDoubleTest, StreamsGoAsThoseOfFirecracker) {
  listen_like_recorded_guest(vsock_);
  const Step connect{"connect", "ok"};
  const std::vector<Row> rows = {
      {"echo",
       {connect, {"send", "CONNECT 52\n"}, {"recv", "OK 1073741824\n", "open"}, {"send", "a"}, {"recv", "a", "open"}}},
      {"nobody listens, and a host port is used up", {connect, {"send", "CONNECT 10\n"}, {"recv", "", "EOF"}}},
      {"any case, further words", {connect, {"send", "cOnNeCt +052 x\r\n"}, {"recv", "OK 1073741826\n", "open"}}},
      {"the guest speaks first",
       {connect, {"send", "CONNECT 53\n"}, {"recv", "OK 1073741827\nhello from guest\n", "open"}}},
      {"behind the line", {connect, {"send", "CONNECT 52\nhi"}, {"recv", "OK 1073741828\nhi", "open"}}},
      {"behind the line, nobody listens", {connect, {"send", "CONNECT 10\nhi"}, {"recv", "", "ConnectionResetError"}}},
      {"less than ten bytes", {connect, {"send", "CONNECT\n"}, {"recv", "", "EOF"}}},
      {"no newline", {connect, {"send", "CONNECT 52"}, {"send", "\n", "BrokenPipeError"}, {"recv", "", "EOF"}}},
      {"split", {connect, {"send", "CONNECT "}, {"send", "52\n", "BrokenPipeError"}, {"recv", "", "EOF"}}},
      {"in pieces, but soon enough",
       {connect, {"send", "CONN"}, {"send", "ECT 52\n"}, {"recv", "OK 1073741830\n", "open"}}},
      {"a newline among the first ten bytes is a blank",
       {connect, {"send", "CONNECT\n52\n"}, {"recv", "OK 1073741831\n", "open"}}},
      {"another word", {connect, {"send", "LISTEN 52\n\n"}, {"recv", "", "ConnectionResetError"}}},
      {"no number", {connect, {"send", "CONNECT 5x2\n"}, {"recv", "", "EOF"}}},
      {"a number over u32", {connect, {"send", "CONNECT 4294967296\n"}, {"recv", "", "EOF"}}},
      {"cut at 32 bytes",
       {connect, {"send", "CONNECT 52                      x"}, {"recv", "OK 1073741832\nx", "open"}}},
      {"the guest ends", {connect, {"send", "CONNECT 60\n"}, {"recv", "OK 1073741833\nbye\n", "EOF"}}},
      {"a half-close of the guest is not forwarded",
       {connect, {"send", "CONNECT 56\n"}, {"recv", "OK 1073741834\n", "open"}, {"send", "x"}, {"recv", "", "open"}}},
      {"a half-close of the host ends both directions, the echo is lost",
       {connect,
        {"send", "CONNECT 52\n"},
        {"recv", "OK 1073741835\n", "open"},
        {"send", "ping"},
        {"shutdown(SHUT_WR)"},
        {"recv", "", "EOF"}}},
      {"an answer, although another stream never gets one",
       {connect, {"send", "CONNECT 52\n"}, {"recv", "OK 1073741837\n", "open"}}},
      {"that other one: dropped when a connection was added",
       {connect, {"send", "CONNECT 58\n"}, {"recv", "", "open"}, {"recv", "", "EOF"}},
       true},
      {"the guest calls the host, listener there",
       {connect,
        {"send", "CONNECT 57\n"},
        {"recv", "OK 1073741838\n", "open"},
        {"send", "c5000"},
        {"host listener on v.sock_5000 accepted"},
        {"it read", "guest calling\n"},
        {"after shutdown(SHUT_WR) it read", ""},
        {"recv", "R\n", "open"}}},
      {"the guest calls the host, nobody there",
       {connect,
        {"send", "CONNECT 57\n"},
        {"recv", "OK 1073741839\n", "open"},
        {"send", "c5000"},
        {"recv", "X\n", "open"}}},
      {"many", {}, false, 40},
  };
  expect_streams(vsock_, uds_, rows, kRequestTimeout);
}

// MICROVM_GOLDEN_DIR holds transcripts of a real Firecracker; they are not part of this repository.
TEST_F(VsockDoubleTest, ReproducesTheRecordedStreams) {
  const char* dir = std::getenv("MICROVM_GOLDEN_DIR");
  const std::filesystem::path file = std::filesystem::path(dir != nullptr ? dir : "") / "vsock_real.jsonl";
  if (dir == nullptr || !std::filesystem::exists(file)) {
    GTEST_SKIP() << "no recording: MICROVM_GOLDEN_DIR does not name a folder with vsock_real.jsonl";
  }
  const std::vector<Row> rows = read_recording(file);
  ASSERT_EQ(rows.size(), 51U);
  listen_like_recorded_guest(vsock_);
  expect_streams(vsock_, uds_, rows, kRequestTimeout);
}

TEST_F(VsockDoubleTest, QueuesConnectsUntilTheGuestsDriverIsUp) {
  const std::string uds = dir_.path() + "/boot.sock";
  VsockDouble vsock(uds, false);
  vsock.listen(52, [](LineClient& host) { host.send("hi\n"); });
  LineClient early = LineClient::connect(uds);
  ASSERT_TRUE(early.send("CONNECT 52\n"));
  EXPECT_EQ(early.read_line(Deadline::after(50ms)), std::nullopt);
  vsock.serve();
  EXPECT_EQ(early.read_line(), "OK 1073741824");
  EXPECT_EQ(early.read_line(), "hi");
}

TEST_F(VsockDoubleTest, Serves1023ConnectionsAndDropsTheNext) {
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &files);
  ASSERT_GT(files.rlim_cur, 2200U) << "too few descriptors for this test";

  const std::string uds = dir_.path() + "/full.sock";
  VsockDouble vsock(uds, true, {.connections = 1023, .request_timeout = 10min});
  vsock.ignore(58);
  vsock.listen(52, [](LineClient& host) { host.send("hi\n"); });
  std::vector<LineClient> streams;
  for (int i = 0; i < 1022; ++i) {
    streams.push_back(LineClient::connect(uds));
    ASSERT_TRUE(streams.back().send("CONNECT 58\n"));
  }
  LineClient last = LineClient::connect(uds);
  ASSERT_TRUE(last.send("CONNECT 58\n"));
  while (vsock.connects() < 1023) ASSERT_TRUE(vsock.pause(1ms));
  LineClient over = LineClient::connect(uds);
  ASSERT_TRUE(over.send("CONNECT 52\n"));
  EXPECT_TRUE(over.at_end());
}

}  // namespace
}  // namespace microvm::test
