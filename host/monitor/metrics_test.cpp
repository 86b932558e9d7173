// Metrics: what is a delta is summed, what is not stands.
#include "host/monitor/metrics.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "host/monitor/limits.h"

namespace microvm::monitor {
namespace {

// Parts of lines as Firecracker 1.16.1 writes them.
constexpr std::string_view kFirst =
    R"({"utc_timestamp_ms":1796032800123,"api_server":{"process_startup_time_us":9514,"process_startup_time_cpu_us":3321},)"
    R"("block_rootfs":{"read_count":120,"read_bytes":4915200,"read_agg":{"min_us":11,"max_us":950,"sum_us":8000}},)"
    R"("block":{"read_count":120,"read_bytes":4915200,"read_agg":{"min_us":0,"max_us":0,"sum_us":8000}},)"
    R"("latencies_us":{"pause_vm":120},"net_eth0":{"rx_count":3},"net":{"rx_count":3},)"
    R"("vhost_user_block_d1":{"activate_fails":1,"init_time_us":77},"pmem_p0":{"write_count":1},)"
    R"("get_api_requests":{"instance_info_count":2},"seccomp":{"num_faults":0},)"
    R"("signals":{"sigbus":0,"sigpipe":1},"vcpu":{"exit_io_in":500,"exit_io_in_agg":{"min_us":1,"max_us":9,"sum_us":600}}})";
constexpr std::string_view kSecond =
    R"({"utc_timestamp_ms":1796032860123,"api_server":{"process_startup_time_us":9514,"process_startup_time_cpu_us":3321},)"
    R"("block_rootfs":{"read_count":2,"read_bytes":8192,"read_agg":{"min_us":10,"max_us":950,"sum_us":20}},)"
    R"("block":{"read_count":2,"read_bytes":8192,"read_agg":{"min_us":0,"max_us":0,"sum_us":20}},)"
    R"("latencies_us":{"pause_vm":90},"net_eth0":{"rx_count":0},"net":{"rx_count":0},)"
    R"("vhost_user_block_d1":{"activate_fails":1,"init_time_us":78},"signals":{"sigbus":1,"sigpipe":1}})";

std::string text_of(const Metrics& metrics) {
  std::string text;
  metrics.print([&](std::string_view line) { text += line; });
  return text;
}

bool has_line(const std::string& text, const std::string& line) {
  return ("\n" + text).find("\n" + line + "\n") != std::string::npos;
}

#define EXPECT_LINE(text, line) EXPECT_TRUE(has_line(text, line)) << (line) << " is not in\n" << (text)

TEST(Metrics, AreSumsOfDeltas) {
  Metrics metrics("web-1");
  ASSERT_TRUE(metrics.add(kFirst));
  ASSERT_TRUE(metrics.add(kSecond));
  const std::string text = text_of(metrics);
  for (const char* line : {
           R"(firecracker_block_read_count{id="web-1"} 122)",
           R"(firecracker_block_read_count{id="web-1",device="rootfs"} 122)",
           R"(firecracker_block_read_bytes{id="web-1",device="rootfs"} 4923392)",
           R"(firecracker_block_read_agg_sum_us{id="web-1",device="rootfs"} 8020)",
           R"(firecracker_net_rx_count{id="web-1",device="eth0"} 3)",
           R"(firecracker_pmem_write_count{id="web-1",device="p0"} 1)",
           R"(firecracker_vhost_user_activate_fails{id="web-1",device="block_d1"} 2)",
           R"(firecracker_get_api_requests_instance_info_count{id="web-1"} 2)",
           R"(firecracker_signals_sigpipe{id="web-1"} 2)",
           R"(firecracker_vcpu_exit_io_in{id="web-1"} 500)",
           R"(firecracker_vcpu_exit_io_in_agg_sum_us{id="web-1"} 600)",
           R"(# TYPE firecracker_block_read_count counter)",
       })
    EXPECT_LINE(text, line);
}

TEST(Metrics, WhatIsStoredIsNotSummed) {
  Metrics metrics("web-1");
  ASSERT_TRUE(metrics.add(kFirst));
  ASSERT_TRUE(metrics.add(kSecond));
  const std::string text = text_of(metrics);
  for (const char* line : {
           R"(firecracker_utc_timestamp_ms{id="web-1"} 1796032860123)",
           R"(firecracker_api_server_process_startup_time_us{id="web-1"} 9514)",
           R"(firecracker_block_read_agg_min_us{id="web-1",device="rootfs"} 10)",
           R"(firecracker_block_read_agg_max_us{id="web-1",device="rootfs"} 950)",
           R"(firecracker_latencies_us_pause_vm{id="web-1"} 90)",
           R"(firecracker_vhost_user_init_time_us{id="web-1",device="block_d1"} 78)",
           R"(firecracker_signals_sigbus{id="web-1"} 1)",
           R"(# TYPE firecracker_latencies_us_pause_vm gauge)",
           R"(# TYPE firecracker_block_read_agg_max_us gauge)",
       })
    EXPECT_LINE(text, line);
}

// Prometheus takes one TYPE line a name, and its series in one group.
TEST(Metrics, SeriesOfANameStandTogether) {
  Metrics metrics("web-1");
  ASSERT_TRUE(metrics.add(kFirst));
  const std::string text = text_of(metrics);
  const std::string name = "firecracker_block_read_count";
  const std::size_t first = text.find("# TYPE " + name + " counter\n" + name + "{");
  ASSERT_NE(first, text.npos);
  EXPECT_EQ(text.find("# TYPE " + name + " ", first + 1), text.npos);
  EXPECT_NE(text.find(name + "{id=\"web-1\",device=\"rootfs\"} 120\n" + name + "{id=\"web-1\"} 120\n"), text.npos);
}

TEST(Metrics, GoOnFromTheirText) {
  Metrics before("web-1"), after("web-1"), straight("web-1");
  ASSERT_TRUE(before.add(kFirst));
  after.restore(text_of(before));
  EXPECT_EQ(text_of(after), text_of(before));
  ASSERT_TRUE(after.add(kSecond));
  ASSERT_TRUE(straight.add(kFirst));
  ASSERT_TRUE(straight.add(kSecond));
  EXPECT_EQ(text_of(after), text_of(straight));
}

TEST(Metrics, OfABadLineNothingIsTaken) {
  Metrics metrics("web-1");
  for (const char* bad :
       {"", "x", "[]", "1", R"({"a":{"b":1})", R"({"a":{"b":1}} x)", R"({"a":{"b":1},})", R"({"a":{"b":01}})"})
    EXPECT_FALSE(metrics.add(bad)) << bad;
  EXPECT_EQ(text_of(metrics), "");
}

TEST(Metrics, WhatIsNoNumberIsPassedOver) {
  Metrics metrics("web-1");
  ASSERT_TRUE(
      metrics.add(R"({"id":"x","properties":{"a":"b"},"l":[1,{"c":2}],"g":{"n":-1,"f":1.5,"t":true,"z":null,"k":4}})"));
  EXPECT_EQ(text_of(metrics), "# TYPE firecracker_g_k counter\nfirecracker_g_k{id=\"web-1\"} 4\n");
  ASSERT_TRUE(metrics.add(R"({"a":{"b":{"c":{"d":1}}},"g":{"\"}\n evil":1}})"));
  EXPECT_TRUE(has_line(text_of(metrics), R"(firecracker_g_____evil{id="web-1"} 1)")) << text_of(metrics);
}

TEST(Metrics, AreBounded) {
  Metrics metrics("web-1");
  std::string line = "{\"g\":{";
  for (std::size_t i = 0; i < kSeries + 100; ++i) line += "\"k" + std::to_string(i) + "\":1,";
  ASSERT_TRUE(metrics.add(line + "\"" + std::string(1000, 'x') + "\":1}}"));
  const std::string text = text_of(metrics);
  EXPECT_EQ(static_cast<std::size_t>(std::ranges::count(text, '#')), kSeries);
}

TEST(MetricsLines, AreCountedAndBounded) {
  MetricsLines lines;
  std::string seen;
  const auto see = [&](std::string_view line) {
    seen += std::string(line.substr(0, 10)) + ";";
    return line != "bad";
  };
  lines.feed("one\ntw", see);
  lines.feed("o\n\nbad\n", see);
  EXPECT_EQ(seen, "one;two;bad;");
  EXPECT_EQ(lines.lines(), 3U);
  EXPECT_EQ(lines.bad(), 1U);
  lines.feed(std::string(kMetricsLine, 'x'), see);
  lines.feed("\n", see);
  EXPECT_EQ(seen, "one;two;bad;xxxxxxxxxx;");
  lines.feed(std::string(kMetricsLine, 'x'), see);
  lines.feed("y and more", see);
  lines.feed("\nnext\n", see);
  EXPECT_EQ(seen, "one;two;bad;xxxxxxxxxx;next;");
  EXPECT_EQ(lines.lines(), 6U);
  EXPECT_EQ(lines.bad(), 2U);
}

}  // namespace
}  // namespace microvm::monitor
