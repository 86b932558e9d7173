// Disks, network, entropy, balloon, metadata store and metrics of a running guest. Each test loads the driver it needs.
#include <algorithm>

#include "tests/support/files.h"
#include "tests/vmm/vmm_test.h"

namespace microvm::test {
namespace {

using namespace fcapi;
using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::StartsWith;

class DevicesTest : public VmmTest {
 protected:
  static void load(const std::string& modules) {
    guest().output("for m in " + modules + "; do [ -d /sys/module/$(echo $m | tr - _) ] || insmod /lib/$m.ko; done");
  }
  static void on_host(const std::vector<std::string>& words) {
    std::vector<std::string> argv{required_env("BUSYBOX")};
    argv.insert(argv.end(), words.begin(), words.end());
    const Finished done = run({.argv = argv});
    ASSERT_EQ(done.status, ExitStatus{.code = 0}) << done.out << done.err;
  }
};

TEST_F(DevicesTest, DisksAreReadAndWritten) {
  load("virtio_blk");
  EXPECT_EQ(guest().output("head -c 11 /dev/vda"), "for reading");
  EXPECT_EQ(guest().output("cat /sys/block/vda/size /sys/block/vda/ro /sys/block/vdb/ro"), "128\n1\n0");
  EXPECT_NE(guest().run("echo x >/dev/vda").status, 0);
  guest().output("printf 'by the guest' | dd of=/dev/vdb bs=512 conv=fsync,notrunc 2>/dev/null");
  EXPECT_THAT(read_file(dir() + "/data.img"), StartsWith("by the guest"));
}

TEST_F(DevicesTest, DiskTakesAnotherFile) {
  load("virtio_blk");
  EXPECT_DONE(guest()->patch_drive({.drive_id = "data", .path_on_host = "other.img"}));
  EXPECT_TRUE(eventually([] { return guest().output("cat /sys/block/vdb/size") == "256"; }));
  EXPECT_EQ(guest().output("echo 1 >/proc/sys/vm/drop_caches; head -c 12 /dev/vdb"), "another disk");
  EXPECT_DONE(guest()->patch_drive(
      {.drive_id = "data",
       .path_on_host = "data.img",
       .rate_limiter = RateLimiter{.bandwidth = TokenBucket{.size = 1'000'000, .refill_time_ms = 100}}}));
  EXPECT_TRUE(eventually([] { return guest().output("cat /sys/block/vdb/size") == "128"; }));
  EXPECT_FAULT(guest()->patch_drive({.drive_id = "none", .path_on_host = "data.img"}), "no_device");
}

TEST_F(DevicesTest, NetworkPingsBothWays) {
  if (!has_network()) GTEST_SKIP() << "no right to make a network";
  load("failover net_failover virtio_net");
  EXPECT_EQ(guest().output("cat /sys/class/net/eth0/address"), "06:00:ac:10:00:02");
  guest().output("ip addr replace 172.16.0.2/24 dev eth0 && ip link set eth0 up");
  on_host({"ip", "addr", "replace", "172.16.0.1/24", "dev", "tap0"});
  on_host({"ip", "link", "set", "tap0", "up"});
  EXPECT_THAT(guest().output("ping -c 1 -W 10 172.16.0.1"), HasSubstr(" 0% packet loss"));
  on_host({"ping", "-c", "1", "-W", "10", "172.16.0.2"});
  EXPECT_DONE(guest()->patch_network_interface(
      {.iface_id = "eth0",
       .rx_rate_limiter = RateLimiter{.bandwidth = TokenBucket{.size = 1'000'000, .refill_time_ms = 100}}}));
  on_host({"ping", "-c", "1", "-W", "10", "172.16.0.2"});
}

TEST_F(DevicesTest, EntropyComesFromTheHost) {
  load("virtio-rng");
  EXPECT_THAT(guest().output("cat /sys/class/misc/hw_random/rng_current"), StartsWith("virtio_rng"));
  EXPECT_NE(guest().output("head -c 32 /dev/hwrng | sha256sum"), guest().output("head -c 32 /dev/hwrng | sha256sum"));
}

TEST_F(DevicesTest, BalloonMovesWithItsDriver) {
  if (guest().run("[ -d /sys/module/virtio_balloon ]").status != 0) {
    EXPECT_FAULT(guest()->patch_balloon({.amount_mib = 16}), "device_inactive");
  }
  load("virtio_balloon");
  const auto reaches = [](std::uint32_t mib) {
    return eventually([mib] { return must(guest()->get_balloon_statistics()).actual_mib == mib; });
  };
  EXPECT_DONE(guest()->patch_balloon({.amount_mib = 16}));
  EXPECT_TRUE(reaches(16));
  EXPECT_TRUE(eventually([] { return must(guest()->get_balloon_statistics()).total_memory_bytes.has_value(); }));
  const auto statistics = must(guest()->get_balloon_statistics());
  EXPECT_GT(statistics.total_memory_bytes.value_or(0), 80U << 20U);
  EXPECT_LT(statistics.free_memory_bytes.value_or(~0U), 128U << 20U);
  EXPECT_DONE(guest()->patch_balloon({.amount_mib = 0}));
  EXPECT_TRUE(reaches(0));
}

TEST_F(DevicesTest, MetadataStoreIsKept) {
  if (!has_network()) GTEST_SKIP() << "the store needs an interface";
  EXPECT_DONE(guest()->patch_mmds({R"({"more":{"a":1}})"}));
  EXPECT_EQ(must(guest()->get_mmds()).text, R"({"more":{"a":1},"name":"guest"})");
  EXPECT_DONE(guest()->patch_mmds({R"({"more":null})"}));
  EXPECT_EQ(must(guest()->get_mmds()).text, R"({"name":"guest"})");
}

TEST_F(DevicesTest, MetricsAreALineEach) {
  guest();
  const auto lines = [] {
    const std::string text = read_file(dir() + "/metrics");
    EXPECT_TRUE(text.empty() || text.ends_with("}\n"));
    return std::count(text.begin(), text.end(), '\n');
  };
  const auto before = lines();
  EXPECT_DONE(guest()->put_action({ActionType::FlushMetrics}));
  EXPECT_EQ(lines(), before + 1);
  EXPECT_THAT(read_file(dir() + "/metrics"), StartsWith("{\"utc_timestamp_ms\":"));
}

}  // namespace
}  // namespace microvm::test
