// Bodies both ways, their rules and their first versions.
#include "host/fcapi/bodies.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "microvm/fcapi.h"

namespace microvm::fcapi {
namespace {

using testing::HasSubstr;

constexpr Version kNew{1, 17, 0};

template <class Body>
std::string written(const Body& body, Version version = kNew) {
  const auto text = write_body(body, version);
  return text ? *text : text.error().message;
}

TEST(Bodies, AreWrittenWithWhatIsThere) {
  EXPECT_EQ(written(Action{}), R"({"action_type":"InstanceStart"})");
  EXPECT_EQ(written(Entropy{}), "{}");
  EXPECT_EQ(written(MachineConfig{.vcpu_count = 2, .mem_size_mib = 256, .smt = false, .huge_pages = HugePages::TwoMib}),
            R"({"vcpu_count":2,"mem_size_mib":256,"smt":false,"huge_pages":"2M"})");
  EXPECT_EQ(written(BootSource{.kernel_image_path = "a\"\\b\n\xc3\xa9"}),
            "{\"kernel_image_path\":\"a\\\"\\\\b\\n\xc3\xa9\"}");
  EXPECT_EQ(
      written(NetworkInterface{
          .iface_id = "eth0",
          .host_dev_name = "tap0",
          .rx_rate_limiter = RateLimiter{.ops = TokenBucket{.size = 5, .one_time_burst = 1, .refill_time_ms = 100}}}),
      R"({"iface_id":"eth0","host_dev_name":"tap0",)"
      R"("rx_rate_limiter":{"ops":{"size":5,"one_time_burst":1,"refill_time":100}}})");
  EXPECT_EQ(written(Metrics{.metrics_path = "m", .properties = {{"a", "b"}, {"c", "d"}}}),
            R"({"metrics_path":"m","properties":{"a":"b","c":"d"}})");
  EXPECT_EQ(
      written(CpuConfig{.kvm_capabilities = {"121", "!56"},
                        .cpuid_modifiers = {{.leaf = "0x1", .subleaf = "0", .flags = 0, .modifiers = {}}}}),
      R"({"kvm_capabilities":["121","!56"],"cpuid_modifiers":[{"leaf":"0x1","subleaf":"0","flags":0,"modifiers":[]}]})");
  EXPECT_EQ(written(Json{R"({"a": 1.50})"}), R"({"a": 1.50})");
}

TEST(Bodies, AreReadWithWhatIsKnown) {
  const auto config = read_body<VmConfig>(
      R"({"balloon":null,"drives":[{"drive_id":"d","is_root_device":true,"path_on_host":"p","new":[1,{"x":2}]}],)"
      R"("machine-config":{"vcpu_count":2,"mem_size_mib":512,"huge_pages":"None"},"later":7})");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_FALSE(config->balloon);
  ASSERT_EQ(config->drives.size(), 1U);
  EXPECT_TRUE(config->drives[0].is_root_device);
  EXPECT_EQ(config->drives[0].path_on_host, "p");
  EXPECT_EQ(config->machine_config->mem_size_mib, 512U);
  EXPECT_EQ(config->machine_config->huge_pages, HugePages::None);
}

TEST(Bodies, ThatAreNotOnesNameTheMember) {
  const auto fault = [](std::string_view text) { return read_body<VmConfig>(text).error().message; };
  EXPECT_THAT(fault("{"), HasSubstr("not JSON"));
  EXPECT_EQ(fault("[]"), "in the reply it is not an object");
  EXPECT_EQ(fault(R"({"drives":[{"drive_id":"d"}]})"), "in the reply drives[0].is_root_device is not there");
  EXPECT_EQ(fault(R"({"balloon":{"amount_mib":4294967296}})"),
            "in the reply balloon.amount_mib is not a number from 0 to 4294967295");
  EXPECT_EQ(fault(R"({"machine-config":{"vcpu_count":1,"mem_size_mib":1,"huge_pages":"9M"}})"),
            "in the reply machine-config.huge_pages is not a value that is known here: 9M");
  EXPECT_EQ(read_body<Vsock>(R"({"guest_cid":3,"uds_path":"v"})")->guest_cid, 3U);
  EXPECT_EQ(read_body<Vsock>("{}").error().code, ErrorCode::BadReply);
}

TEST(Bodies, ObeyRules) {
  const std::string long_path(4096, 'p'), long_socket(108, 's');
  const struct {
    std::string message, rule;
  } kRows[] = {
      {written(MachineConfig{.vcpu_count = 0}), "vcpu_count must be 1 to 32, not 0"},
      {written(MachineConfig{.vcpu_count = 33}), "vcpu_count must be 1 to 32, not 33"},
      {written(MachineConfig{.mem_size_mib = 0}), "mem_size_mib must be 1 to 16777216, not 0"},
      {written(MachineConfig{.vcpu_count = 3, .smt = true}), "vcpu_count must be 1 or even with smt"},
      {written(MachineConfig{.mem_size_mib = 3, .huge_pages = HugePages::TwoMib}), "mem_size_mib must be even"},
      {written(MachineConfigPatch{}), "must change something"},
      {written(Drive{.drive_id = "", .path_on_host = "p"}), "drive_id must be 1 to 255 letters"},
      {written(Drive{.drive_id = "a-b", .path_on_host = "p"}), "drive_id must be 1 to 255 letters"},
      {written(Drive{.drive_id = "\xc3\xa9", .path_on_host = "p"}), "drive_id must be 1 to 255 letters"},
      {written(Drive{.drive_id = "d"}), "must have one of path_on_host (a file) and socket"},
      {written(Drive{.drive_id = "d", .path_on_host = "p", .socket = "s"}), "must have one of path_on_host"},
      {written(Drive{.drive_id = "d", .is_read_only = true, .socket = "s"}), "must not have is_read_only"},
      {written(Drive{.drive_id = "d", .socket = long_socket}), "socket must be a socket's path of 1 to 107 bytes"},
      {written(Drive{.drive_id = "d", .path_on_host = long_path}), "path_on_host must be a path of 1 to 4095 bytes"},
      {written(BootSource{.kernel_image_path = std::string("a\0b", 3)}), "kernel_image_path must be a path"},
      {written(BootSource{.kernel_image_path = "k", .boot_args = std::string(2048, 'a')}),
       "boot_args must be at most 2047"},
      {written(NetworkInterface{.iface_id = "e", .host_dev_name = "sixteen-bytes-xx"}),
       "host_dev_name must be a network"},
      {written(NetworkInterface{.iface_id = "e", .host_dev_name = "t", .guest_mac = "06:00:00:00:00:0g"}),
       "guest_mac must be"},
      {written(NetworkInterface{.iface_id = "e", .host_dev_name = "t", .mtu = 67}), "mtu must be 68 to 65535, not 67"},
      {written(Vsock{.guest_cid = 2, .uds_path = "v"}), "guest_cid must be 3 to 4294967294, not 2"},
      {written(MmdsConfig{}), "network_interfaces must name at least one"},
      {written(MmdsConfig{.network_interfaces = {"e"}, .ipv4_address = "169.254.255.1"}),
       "ipv4_address must be a link-local"},
      {written(MmdsConfig{.network_interfaces = {"e"}, .ipv4_address = "10.0.0.1"}),
       "ipv4_address must be a link-local"},
      {written(MemoryHotplug{.total_size_mib = 100}), "total_size_mib must be a multiple of slot_size_mib"},
      {written(MemoryHotplug{.total_size_mib = 128, .block_size_mib = 3}), "block_size_mib must be a power of 2"},
      {written(MemoryHotplug{.total_size_mib = 128, .slot_size_mib = 64}), "slot_size_mib must be a multiple"},
      {written(SnapshotLoad{.snapshot_path = "s"}), "must have one of mem_backend and mem_file_path"},
      {written(SnapshotLoad{.snapshot_path = "s", .mem_backend = MemoryBackend{BackendType::Uffd, long_socket}}),
       "mem_backend must be a socket's path"},
      {written(SnapshotLoad{.snapshot_path = "s", .mem_file_path = "m", .huge_pages = RestoredHugePages::TwoMib}),
       "huge_pages \"2M\" must have a Uffd"},
      {written(SnapshotLoad{.snapshot_path = "s", .mem_file_path = "m", .network_overrides = {{"", "tap"}}}),
       "network_overrides[0].iface_id must be 1 to 255"},
      {written(CpuConfig{.kvm_capabilities = {"x"}}), "kvm_capabilities must be numbers"},
      {written(CpuConfig{.vcpu_features = {{.index = 0, .bitmap = "0b2"}}}), "vcpu_features[0].bitmap must be \"0b\""},
      {written(CpuConfig{.msr_modifiers = {{.addr = "0xg", .bitmap = "0b1"}}}),
       "msr_modifiers[0].addr must be a number"},
      {written(Json{"{"}), "is not JSON"},
  };
  for (const auto& [message, rule] : kRows) EXPECT_THAT(message, HasSubstr(rule));
}

TEST(Bodies, KnowTheirFirstVersions) {
  const SnapshotLoad clock{.snapshot_path = "s", .mem_file_path = "m", .clock_realtime = false};
  EXPECT_EQ(written(clock, {1, 15, 0}), "clock_realtime needs Firecracker 1.15.1 or 1.14.4, this is 1.15.0");
  EXPECT_EQ(written(clock, {1, 14, 3}), "clock_realtime needs Firecracker 1.15.1 or 1.14.4, this is 1.14.3");
  for (const Version version : {Version{1, 14, 4}, {1, 14, 5}, {1, 15, 1}, {1, 16, 0}, {2, 0, 0}})
    EXPECT_TRUE(write_body(clock, version)) << version.minor;
  EXPECT_EQ(written(MachineConfig{.huge_pages = HugePages::Transparent}, {1, 16, 1}),
            "huge_pages \"Transparent\" needs Firecracker 1.17, this is 1.16.1");
  EXPECT_EQ(written(Balloon{.free_page_hinting = false}, {1, 13, 2}),
            "free_page_hinting needs Firecracker 1.14, this is 1.13.2");
  EXPECT_EQ(written(Serial{.rate_limiter = TokenBucket{}}, {1, 15, 0}),
            "rate_limiter needs Firecracker 1.16, this is 1.15.0");
  EXPECT_EQ(write_body(clock, {1, 15, 0}).error().code, ErrorCode::Unsupported);
}

TEST(Versions, AreParsed) {
  EXPECT_EQ(parse_version("1.16.1"), (Version{1, 16, 1}));
  EXPECT_EQ(parse_version("v1.17.0-dev"), (Version{1, 17, 0}));
  for (const char* const text : {"", "1", "1.2", "1.2.", "1.2.3x", "1..3", "x", "1.2.99999999999"})
    EXPECT_FALSE(parse_version(text)) << text;
}

}  // namespace
}  // namespace microvm::fcapi
