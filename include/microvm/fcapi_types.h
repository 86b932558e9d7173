// What Firecracker's API takes and answers: one struct per body. What is std::optional, or a list or map without
// entries, is absent on the wire; members have the wire's names, with their unit where the wire leaves it out.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace microvm::fcapi {

struct Version {
  unsigned major = 0, minor = 0, patch = 0;
  auto operator<=>(const Version&) const = default;
};

enum class VmState { NotStarted, Running, Paused };
enum class ActionType { InstanceStart, FlushMetrics, SendCtrlAltDel };
enum class CpuTemplate { C3, T2, T2s, T2cl, T2a, V1n1, None };
enum class HugePages { None, TwoMib, Transparent };
enum class RestoredHugePages { Snapshot, None, Transparent, TwoMib };
enum class CacheType { Unsafe, Writeback };
enum class IoEngine { Sync, Async };
enum class LogLevel { Error, Warning, Info, Debug, Trace, Off };
enum class MmdsVersion { V1, V2 };
enum class TargetState { Paused, Resumed };
enum class SnapshotType { Full, Diff };
enum class BackendType { File, Uffd };
enum class CpuidRegister { Eax, Ebx, Ecx, Edx };

/// One JSON value as text, for what the API does not look into.
struct Json {
  std::string text;
};

struct InstanceInfo {
  std::string id;
  VmState state = VmState::NotStarted;
  std::string vmm_version;
  std::string app_name;
};
struct FirecrackerVersion {
  std::string firecracker_version;
};
struct Action {
  ActionType action_type = ActionType::InstanceStart;
};
struct BootSource {
  std::string kernel_image_path;
  std::optional<std::string> initrd_path{};
  std::optional<std::string> boot_args{};
};
struct MachineConfig {
  std::uint8_t vcpu_count = 1;
  std::uint64_t mem_size_mib = 128;
  std::optional<bool> smt{};
  std::optional<bool> track_dirty_pages{};
  std::optional<HugePages> huge_pages{};
  std::optional<CpuTemplate> cpu_template{};  ///< deprecated
};
struct MachineConfigPatch {  ///< at least one of them
  std::optional<std::uint8_t> vcpu_count{};
  std::optional<std::uint64_t> mem_size_mib{};
  std::optional<bool> smt{};
  std::optional<bool> track_dirty_pages{};
  std::optional<HugePages> huge_pages{};
  std::optional<CpuTemplate> cpu_template{};
};

struct CpuidRegisterModifier {
  CpuidRegister register_name = CpuidRegister::Eax;  ///< `register`
  std::string bitmap;                                ///< "0b", then 0, 1 or x
};
struct CpuidLeafModifier {
  std::string leaf, subleaf;  ///< numbers as text: decimal, 0x, 0b
  std::uint32_t flags = 0;
  std::vector<CpuidRegisterModifier> modifiers;
};
struct RegisterModifier {
  std::string addr, bitmap;
};
struct VcpuFeatures {
  std::uint32_t index = 0;
  std::string bitmap;
};
struct CpuConfig {
  std::vector<std::string> kvm_capabilities{};  ///< "121" adds, "!121" removes
  std::vector<CpuidLeafModifier> cpuid_modifiers{};
  std::vector<RegisterModifier> msr_modifiers{};
  std::vector<RegisterModifier> reg_modifiers{};
  std::vector<VcpuFeatures> vcpu_features{};
};

struct TokenBucket {
  std::uint64_t size = 0;  ///< bytes, or operations; 0: no limit
  std::optional<std::uint64_t> one_time_burst{};
  std::uint64_t refill_time_ms = 0;  ///< `refill_time`
};
struct RateLimiter {
  std::optional<TokenBucket> bandwidth{};
  std::optional<TokenBucket> ops{};
};
struct Drive {
  std::string drive_id;
  bool is_root_device = false;
  std::optional<std::string> partuuid{};
  std::optional<CacheType> cache_type{};
  // Backed by a file; with vhost-user, `socket` and none of these.
  std::optional<std::string> path_on_host{};
  std::optional<bool> is_read_only{};
  std::optional<RateLimiter> rate_limiter{};
  std::optional<IoEngine> io_engine{};
  std::optional<std::string> socket{};
};
struct DrivePatch {
  std::string drive_id;
  std::optional<std::string> path_on_host{};
  std::optional<RateLimiter> rate_limiter{};
};
struct NetworkInterface {
  std::string iface_id;
  std::string host_dev_name;
  std::optional<std::string> guest_mac{};
  std::optional<std::uint16_t> mtu{};
  std::optional<RateLimiter> rx_rate_limiter{};
  std::optional<RateLimiter> tx_rate_limiter{};
};
struct NetworkInterfacePatch {
  std::string iface_id;
  std::optional<RateLimiter> rx_rate_limiter{};
  std::optional<RateLimiter> tx_rate_limiter{};
};
struct Pmem {
  std::string id;
  std::string path_on_host;
  std::optional<bool> root_device{};
  std::optional<bool> read_only{};
  std::optional<RateLimiter> rate_limiter{};
};
struct PmemPatch {
  std::string id;
  std::optional<RateLimiter> rate_limiter{};
};
struct Vsock {
  std::uint32_t guest_cid = 3;
  std::string uds_path;
  std::optional<std::string> vsock_id{};  ///< deprecated
};
struct Entropy {
  std::optional<RateLimiter> rate_limiter{};
};
struct Serial {
  std::optional<std::string> serial_out_path{};
  std::optional<TokenBucket> rate_limiter{};
};

struct Balloon {
  std::uint32_t amount_mib = 0;
  bool deflate_on_oom = false;
  std::optional<std::uint16_t> stats_polling_interval_s{};
  std::optional<bool> free_page_hinting{};
  std::optional<bool> free_page_reporting{};
};
struct BalloonPatch {
  std::uint32_t amount_mib = 0;
};
struct BalloonStatistics {
  std::uint32_t target_pages = 0, actual_pages = 0, target_mib = 0, actual_mib = 0;
  std::optional<std::uint64_t> swap_in_bytes{}, swap_out_bytes{}, major_faults{}, minor_faults{}, free_memory_bytes{},
      total_memory_bytes{}, available_memory_bytes{}, disk_caches_bytes{}, hugetlb_allocations{}, hugetlb_failures{},
      oom_kill{}, alloc_stall{}, async_scan{}, direct_scan{}, async_reclaim{}, direct_reclaim{};
};
struct BalloonStatisticsPatch {
  std::uint16_t stats_polling_interval_s = 0;
};
struct HintingStart {
  std::optional<bool> acknowledge_on_stop{};
};
struct HintingStatus {
  std::uint32_t host_cmd = 0;
  std::optional<std::uint32_t> guest_cmd{};
};
struct MemoryHotplug {
  std::uint64_t total_size_mib = 0;
  std::optional<std::uint64_t> slot_size_mib{};
  std::optional<std::uint64_t> block_size_mib{};
};
struct MemoryHotplugPatch {
  std::uint64_t requested_size_mib = 0;
};
struct MemoryHotplugStatus {
  std::uint64_t total_size_mib = 0, slot_size_mib = 0, block_size_mib = 0, plugged_size_mib = 0, requested_size_mib = 0;
};

struct Logger {
  std::optional<std::string> log_path{};
  std::optional<LogLevel> level{};  ///< left out it becomes Info, whatever it was
  std::optional<bool> show_level{};
  std::optional<bool> show_log_origin{};
  std::optional<std::string> module{};
};
struct Metrics {
  std::string metrics_path;
  std::optional<bool> emit_id{};
  std::map<std::string, std::string> properties{};
};
struct MmdsConfig {
  std::vector<std::string> network_interfaces;
  std::optional<MmdsVersion> version{};
  std::optional<std::string> ipv4_address{};
  std::optional<bool> imds_compat{};
};

struct VmPatch {
  TargetState state = TargetState::Paused;
};
struct SnapshotCreate {
  std::string snapshot_path;
  std::string mem_file_path;
  std::optional<SnapshotType> snapshot_type{};
};
struct MemoryBackend {
  BackendType backend_type = BackendType::File;
  std::string backend_path;
};
struct NetworkOverride {
  std::string iface_id;
  std::string host_dev_name;
};
struct VsockOverride {
  std::string uds_path;
};
struct SnapshotLoad {
  std::string snapshot_path;
  std::optional<MemoryBackend> mem_backend{};  ///< this or, deprecated, `mem_file_path`
  std::optional<std::string> mem_file_path{};
  std::optional<bool> track_dirty_pages{};
  std::optional<bool> enable_diff_snapshots{};  ///< deprecated name of `track_dirty_pages`
  std::optional<bool> resume_vm{};
  std::vector<NetworkOverride> network_overrides{};
  std::optional<VsockOverride> vsock_override{};
  std::optional<bool> clock_realtime{};
  std::optional<RestoredHugePages> huge_pages{};
};

/// The wire's names have '-' where these have '_'.
struct VmConfig {
  std::optional<BootSource> boot_source{};
  std::optional<MachineConfig> machine_config{};
  std::vector<Drive> drives{};
  std::vector<NetworkInterface> network_interfaces{};
  std::vector<Pmem> pmem{};
  std::optional<Balloon> balloon{};
  std::optional<Vsock> vsock{};
  std::optional<Entropy> entropy{};
  std::optional<MmdsConfig> mmds_config{};
  std::optional<MemoryHotplug> memory_hotplug{};
};

}  // namespace microvm::fcapi
