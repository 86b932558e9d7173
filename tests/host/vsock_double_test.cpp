// The double against what a real Firecracker did, and against its documented limits.
#include "tests/support/vsock_double.h"

#include <gmock/gmock.h>
#include <sys/resource.h>

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
  expect_streams(vsock_, uds_, rows_like_recorded(), kRequestTimeout);
}

TEST_F(VsockDoubleTest, ReproducesTheRecordedStreams) {
  const std::vector<Row> rows = rows_recorded();
  if (rows.empty()) GTEST_SKIP() << "no recording: MICROVM_GOLDEN_DIR does not name a folder with vsock_real.jsonl";
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
