// The tables of all bodies: the one place that knows names, rules and first versions of their members.
#include "host/fcapi/bodies.h"

#include <algorithm>
#include <array>

#include "host/fcapi/fields.h"
#include "host/fcapi/rules.h"
#include "host/fcapi/tables.h"

namespace microvm::fcapi {
namespace {

constexpr std::uint64_t kMaxMemoryMib = 1 << 24;  // 16 TiB; at 2^44 MiB the VMM aborts
constexpr Since kV106{{1, 6, 0}}, kV107{{1, 7, 0}}, kV112{{1, 12, 0}}, kV113{{1, 13, 0}}, kV114{{1, 14, 0}},
    kV116{{1, 16, 0}}, kV117{{1, 17, 0}};
constexpr Since kClockRealtime{{1, 15, 1}, Version{1, 14, 4}};

template <class Body, std::string (*rule)(const Body&)>
std::string whole(const void* body) {
  return rule(*static_cast<const Body*>(body));
}

bool is_same_word(std::string_view a, std::string_view b) noexcept {
  const auto low = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  return std::ranges::equal(a, b, {}, low, low);
}

}  // namespace

#define NAMES(Enum, ...)                                             \
  static Names describe(const Enum*) noexcept {                      \
    static constexpr auto kNames = std::to_array<Name>(__VA_ARGS__); \
    return kNames;                                                   \
  }
#define TABLE(Body, ...) static SHARED_TABLE(Body, nullptr, __VA_ARGS__)
#define RULED_TABLE(Body, rule, ...) static SHARED_TABLE(Body, rule, __VA_ARGS__)
#define SHARED_TABLE(Body, rule, ...)                                    \
  Table describe(const Body*) noexcept {                                 \
    static constexpr auto kFields = std::to_array<Field>({__VA_ARGS__}); \
    return {kFields, rule};                                              \
  }

// clang-format off
NAMES(VmState, {{"Not started"}, {"Running"}, {"Paused"}})
NAMES(ActionType, {{"InstanceStart"}, {"FlushMetrics"}, {"SendCtrlAltDel"}})
NAMES(CpuTemplate, {{"C3"}, {"T2"}, {"T2S"}, {"T2CL"}, {"T2A"}, {"V1N1"}, {"None"}})
NAMES(HugePages, {{"None"}, {"2M"}, {"Transparent", kV117}})
NAMES(RestoredHugePages, {{"Snapshot"}, {"None"}, {"Transparent"}, {"2M"}})
NAMES(CacheType, {{"Unsafe"}, {"Writeback"}})
NAMES(IoEngine, {{"Sync"}, {"Async"}})
NAMES(LogLevel, {{"Error"}, {"Warning"}, {"Info"}, {"Debug"}, {"Trace"}, {"Off"}})
NAMES(MmdsVersion, {{"V1"}, {"V2"}})
NAMES(TargetState, {{"Paused"}, {"Resumed"}})
NAMES(SnapshotType, {{"Full"}, {"Diff"}})
NAMES(BackendType, {{"File"}, {"Uffd"}})
NAMES(CpuidRegister, {{"eax"}, {"ebx"}, {"ecx"}, {"edx"}})

// As in Firecracker's own files: in any case, and two words for one.
static bool read(Reader& in, const wire::Json& value, LogLevel& into) {
  const auto* const text = value.as<std::string>();
  if (text == nullptr) return in.fail("a text");
  const Names names = describe(&into);
  const auto is_it = [&](const Name& name) {
    return is_same_word(name.text, *text) || (name.text == "Warning" && is_same_word("Warn", *text));
  };
  const auto found = std::ranges::find_if(names, is_it);
  if (found == names.end()) return in.fail("a level");
  into = static_cast<LogLevel>(found - names.begin());
  return true;
}

TABLE(InstanceInfo,
  field<&InstanceInfo::id>("id"),
  field<&InstanceInfo::state>("state"),
  field<&InstanceInfo::vmm_version>("vmm_version"),
  field<&InstanceInfo::app_name>("app_name"))
TABLE(FirecrackerVersion,
  field<&FirecrackerVersion::firecracker_version>("firecracker_version"))
TABLE(Action,
  field<&Action::action_type>("action_type"))
TABLE(BootSource,
  field<&BootSource::kernel_image_path, path>("kernel_image_path"),
  field<&BootSource::initrd_path, path>("initrd_path"),
  field<&BootSource::boot_args, boot_args>("boot_args"))
RULED_TABLE(MachineConfig, (whole<MachineConfig, machine>),
  field<&MachineConfig::vcpu_count, within<1, 32, std::uint8_t>>("vcpu_count"),
  field<&MachineConfig::mem_size_mib, within<1U, kMaxMemoryMib, std::uint64_t>>("mem_size_mib"),
  field<&MachineConfig::smt>("smt"),
  field<&MachineConfig::track_dirty_pages>("track_dirty_pages"),
  field<&MachineConfig::huge_pages>("huge_pages", kV107),
  field<&MachineConfig::cpu_template>("cpu_template"))
RULED_TABLE(MachineConfigPatch, (whole<MachineConfigPatch, machine_patch>),
  field<&MachineConfigPatch::vcpu_count, within<1, 32, std::uint8_t>>("vcpu_count"),
  field<&MachineConfigPatch::mem_size_mib, within<1U, kMaxMemoryMib, std::uint64_t>>("mem_size_mib"),
  field<&MachineConfigPatch::smt>("smt"),
  field<&MachineConfigPatch::track_dirty_pages>("track_dirty_pages"),
  field<&MachineConfigPatch::huge_pages>("huge_pages", kV107),
  field<&MachineConfigPatch::cpu_template>("cpu_template"))

TABLE(CpuidRegisterModifier,
  field<&CpuidRegisterModifier::register_name>("register"),
  field<&CpuidRegisterModifier::bitmap, bitmap<32>>("bitmap"))
TABLE(CpuidLeafModifier,
  field<&CpuidLeafModifier::leaf, number_text>("leaf"),
  field<&CpuidLeafModifier::subleaf, number_text>("subleaf"),
  field<&CpuidLeafModifier::flags>("flags"),
  always<&CpuidLeafModifier::modifiers>("modifiers"))
TABLE(RegisterModifier,
  field<&RegisterModifier::addr, number_text>("addr"),
  field<&RegisterModifier::bitmap, bitmap<128>>("bitmap"))
TABLE(VcpuFeatures,
  field<&VcpuFeatures::index>("index"),
  field<&VcpuFeatures::bitmap, bitmap<32>>("bitmap"))
SHARED_TABLE(CpuConfig, nullptr,
  field<&CpuConfig::kvm_capabilities, capabilities>("kvm_capabilities"),
  field<&CpuConfig::cpuid_modifiers>("cpuid_modifiers"),
  field<&CpuConfig::msr_modifiers>("msr_modifiers"),
  field<&CpuConfig::reg_modifiers>("reg_modifiers"),
  field<&CpuConfig::vcpu_features>("vcpu_features"))

TABLE(TokenBucket,
  field<&TokenBucket::size>("size"),
  field<&TokenBucket::one_time_burst>("one_time_burst"),
  field<&TokenBucket::refill_time_ms>("refill_time"))
TABLE(RateLimiter,
  field<&RateLimiter::bandwidth>("bandwidth"),
  field<&RateLimiter::ops>("ops"))
RULED_TABLE(Drive, (whole<Drive, drive>),
  field<&Drive::drive_id, id>("drive_id"),
  field<&Drive::is_root_device>("is_root_device"),
  field<&Drive::partuuid>("partuuid"),
  field<&Drive::cache_type>("cache_type"),
  field<&Drive::path_on_host, path>("path_on_host"),
  field<&Drive::is_read_only>("is_read_only"),
  field<&Drive::rate_limiter>("rate_limiter"),
  field<&Drive::io_engine>("io_engine"),
  field<&Drive::socket, socket_path>("socket", kV106))
TABLE(DrivePatch,
  field<&DrivePatch::drive_id, id>("drive_id"),
  field<&DrivePatch::path_on_host, path>("path_on_host"),
  field<&DrivePatch::rate_limiter>("rate_limiter"))
TABLE(NetworkInterface,
  field<&NetworkInterface::iface_id, id>("iface_id"),
  field<&NetworkInterface::host_dev_name, device_name>("host_dev_name"),
  field<&NetworkInterface::guest_mac, mac>("guest_mac"),
  field<&NetworkInterface::mtu, within<68, 65535, std::uint16_t>>("mtu", kV116),
  field<&NetworkInterface::rx_rate_limiter>("rx_rate_limiter"),
  field<&NetworkInterface::tx_rate_limiter>("tx_rate_limiter"))
TABLE(NetworkInterfacePatch,
  field<&NetworkInterfacePatch::iface_id, id>("iface_id"),
  field<&NetworkInterfacePatch::rx_rate_limiter>("rx_rate_limiter"),
  field<&NetworkInterfacePatch::tx_rate_limiter>("tx_rate_limiter"))
TABLE(Pmem,
  field<&Pmem::id, id>("id"),
  field<&Pmem::path_on_host, path>("path_on_host"),
  field<&Pmem::root_device>("root_device"),
  field<&Pmem::read_only>("read_only"),
  field<&Pmem::rate_limiter>("rate_limiter", kV116))
TABLE(PmemPatch,
  field<&PmemPatch::id, id>("id"),
  field<&PmemPatch::rate_limiter>("rate_limiter"))
// In a file the path may be left out.
static Table describe(const Vsock*) noexcept {
  static constexpr auto kFields = std::to_array<Field>({
    field<&Vsock::guest_cid, within<3U, 0xfffffffeU, std::uint32_t>>("guest_cid"),
    optional_text<&Vsock::uds_path, socket_path>("uds_path"),
    field<&Vsock::vsock_id>("vsock_id")});
  return {kFields, whole<Vsock, vsock>, true};
}
TABLE(Entropy,
  field<&Entropy::rate_limiter>("rate_limiter"))
TABLE(Serial,
  field<&Serial::serial_out_path, path>("serial_out_path"),
  field<&Serial::rate_limiter>("rate_limiter", kV116))

TABLE(Balloon,
  field<&Balloon::amount_mib>("amount_mib"),
  field<&Balloon::deflate_on_oom>("deflate_on_oom"),
  field<&Balloon::stats_polling_interval_s>("stats_polling_interval_s"),
  field<&Balloon::free_page_hinting>("free_page_hinting", kV114),
  field<&Balloon::free_page_reporting>("free_page_reporting", kV114))
TABLE(BalloonPatch,
  field<&BalloonPatch::amount_mib>("amount_mib"))
TABLE(BalloonStatistics,
  field<&BalloonStatistics::target_pages>("target_pages"),
  field<&BalloonStatistics::actual_pages>("actual_pages"),
  field<&BalloonStatistics::target_mib>("target_mib"),
  field<&BalloonStatistics::actual_mib>("actual_mib"),
  field<&BalloonStatistics::swap_in_bytes>("swap_in"),
  field<&BalloonStatistics::swap_out_bytes>("swap_out"),
  field<&BalloonStatistics::major_faults>("major_faults"),
  field<&BalloonStatistics::minor_faults>("minor_faults"),
  field<&BalloonStatistics::free_memory_bytes>("free_memory"),
  field<&BalloonStatistics::total_memory_bytes>("total_memory"),
  field<&BalloonStatistics::available_memory_bytes>("available_memory"),
  field<&BalloonStatistics::disk_caches_bytes>("disk_caches"),
  field<&BalloonStatistics::hugetlb_allocations>("hugetlb_allocations"),
  field<&BalloonStatistics::hugetlb_failures>("hugetlb_failures"),
  field<&BalloonStatistics::oom_kill>("oom_kill"),
  field<&BalloonStatistics::alloc_stall>("alloc_stall"),
  field<&BalloonStatistics::async_scan>("async_scan"),
  field<&BalloonStatistics::direct_scan>("direct_scan"),
  field<&BalloonStatistics::async_reclaim>("async_reclaim"),
  field<&BalloonStatistics::direct_reclaim>("direct_reclaim"))
TABLE(BalloonStatisticsPatch,
  field<&BalloonStatisticsPatch::stats_polling_interval_s>("stats_polling_interval_s"))
TABLE(HintingStart,
  field<&HintingStart::acknowledge_on_stop>("acknowledge_on_stop"))
TABLE(HintingStatus,
  field<&HintingStatus::host_cmd>("host_cmd"),
  field<&HintingStatus::guest_cmd>("guest_cmd"))
RULED_TABLE(MemoryHotplug, (whole<MemoryHotplug, memory_hotplug>),
  field<&MemoryHotplug::total_size_mib>("total_size_mib"),
  field<&MemoryHotplug::slot_size_mib>("slot_size_mib"),
  field<&MemoryHotplug::block_size_mib>("block_size_mib"))
TABLE(MemoryHotplugPatch,
  field<&MemoryHotplugPatch::requested_size_mib>("requested_size_mib"))
TABLE(MemoryHotplugStatus,
  field<&MemoryHotplugStatus::total_size_mib>("total_size_mib"),
  field<&MemoryHotplugStatus::slot_size_mib>("slot_size_mib"),
  field<&MemoryHotplugStatus::block_size_mib>("block_size_mib"),
  field<&MemoryHotplugStatus::plugged_size_mib>("plugged_size_mib"),
  field<&MemoryHotplugStatus::requested_size_mib>("requested_size_mib"))

SHARED_TABLE(Logger, nullptr,
  field<&Logger::log_path, path>("log_path"),
  field<&Logger::level>("level"),
  field<&Logger::show_level>("show_level"),
  field<&Logger::show_log_origin>("show_log_origin"),
  field<&Logger::module>("module", kV106))
SHARED_TABLE(Metrics, nullptr,
  field<&Metrics::metrics_path, path>("metrics_path"),
  field<&Metrics::emit_id>("emit_id", kV117),
  field<&Metrics::properties>("properties", kV117))
TABLE(MmdsConfig,
  always<&MmdsConfig::network_interfaces, ids>("network_interfaces"),
  field<&MmdsConfig::version>("version"),
  field<&MmdsConfig::ipv4_address, link_local>("ipv4_address"),
  field<&MmdsConfig::imds_compat>("imds_compat", kV113))

TABLE(VmPatch,
  field<&VmPatch::state>("state"))
TABLE(SnapshotCreate,
  field<&SnapshotCreate::snapshot_path, path>("snapshot_path"),
  field<&SnapshotCreate::mem_file_path, path>("mem_file_path"),
  field<&SnapshotCreate::snapshot_type>("snapshot_type"))
RULED_TABLE(MemoryBackend, (whole<MemoryBackend, memory_backend>),
  field<&MemoryBackend::backend_type>("backend_type"),
  field<&MemoryBackend::backend_path>("backend_path"))
TABLE(NetworkOverride,
  field<&NetworkOverride::iface_id, id>("iface_id"),
  field<&NetworkOverride::host_dev_name, device_name>("host_dev_name"))
TABLE(VsockOverride,
  field<&VsockOverride::uds_path, socket_path>("uds_path"))
RULED_TABLE(SnapshotLoad, (whole<SnapshotLoad, snapshot_load>),
  field<&SnapshotLoad::snapshot_path, path>("snapshot_path"),
  field<&SnapshotLoad::mem_backend>("mem_backend"),
  field<&SnapshotLoad::mem_file_path, path>("mem_file_path"),
  field<&SnapshotLoad::track_dirty_pages>("track_dirty_pages", kV113),
  field<&SnapshotLoad::enable_diff_snapshots>("enable_diff_snapshots"),
  field<&SnapshotLoad::resume_vm>("resume_vm"),
  field<&SnapshotLoad::network_overrides>("network_overrides", kV112),
  field<&SnapshotLoad::vsock_override>("vsock_override", kV116),
  field<&SnapshotLoad::clock_realtime>("clock_realtime", kClockRealtime),
  field<&SnapshotLoad::huge_pages>("huge_pages", kV117))

SHARED_TABLE(VmConfig, nullptr,
  field<&VmConfig::boot_source>("boot-source"),
  field<&VmConfig::machine_config>("machine-config"),
  field<&VmConfig::drives>("drives"),
  field<&VmConfig::network_interfaces>("network-interfaces"),
  field<&VmConfig::pmem>("pmem"),
  field<&VmConfig::balloon>("balloon"),
  field<&VmConfig::vsock>("vsock"),
  field<&VmConfig::entropy>("entropy"),
  field<&VmConfig::mmds_config>("mmds-config"),
  field<&VmConfig::memory_hotplug>("memory-hotplug"))
// clang-format on
#undef NAMES
#undef TABLE
#undef RULED_TABLE
#undef SHARED_TABLE

std::string_view state_name(VmState state) noexcept { return describe(&state)[static_cast<std::size_t>(state)].text; }

template <class Body>
Result<std::string> write_body(const Body& body, Version version) {
  Writer out(version);
  write(out, body);
  return out.finish();
}

template <class Body>
Result<Body> read_body(std::string_view text) {
  const auto json = wire::read_json_tree(text);
  if (!json) return std::unexpected(Error{ErrorCode::BadReply, 0, "the reply is not JSON: " + json.error().text});
  Body body;
  Reader in;
  if (!read(in, *json, body)) return std::unexpected(Error{ErrorCode::BadReply, 0, "in the reply " + in.fault()});
  return body;
}

template <>
Result<Json> read_body(std::string_view text) {
  const auto json = wire::read_json_tree(text);
  if (!json) return std::unexpected(Error{ErrorCode::BadReply, 0, "the reply is not JSON: " + json.error().text});
  return Json{std::string(text)};
}

#define WRITTEN(Body) template Result<std::string> write_body(const Body&, Version);
#define BOTH_WAYS(Body) WRITTEN(Body) template Result<Body> read_body(std::string_view);
BOTH_WAYS(Action)
BOTH_WAYS(Balloon)
BOTH_WAYS(BalloonPatch)
BOTH_WAYS(BalloonStatistics)
BOTH_WAYS(BalloonStatisticsPatch)
BOTH_WAYS(BootSource)
BOTH_WAYS(CpuConfig)
BOTH_WAYS(Drive)
BOTH_WAYS(DrivePatch)
BOTH_WAYS(Entropy)
BOTH_WAYS(FirecrackerVersion)
BOTH_WAYS(HintingStart)
BOTH_WAYS(HintingStatus)
BOTH_WAYS(InstanceInfo)
BOTH_WAYS(Logger)
BOTH_WAYS(MachineConfig)
BOTH_WAYS(MachineConfigPatch)
BOTH_WAYS(MemoryHotplug)
BOTH_WAYS(MemoryHotplugPatch)
BOTH_WAYS(MemoryHotplugStatus)
BOTH_WAYS(Metrics)
BOTH_WAYS(MmdsConfig)
BOTH_WAYS(NetworkInterface)
BOTH_WAYS(NetworkInterfacePatch)
BOTH_WAYS(Pmem)
BOTH_WAYS(PmemPatch)
BOTH_WAYS(Serial)
BOTH_WAYS(SnapshotCreate)
BOTH_WAYS(SnapshotLoad)
BOTH_WAYS(VmConfig)
BOTH_WAYS(VmPatch)
BOTH_WAYS(Vsock)
WRITTEN(Json)
#undef BOTH_WAYS
#undef WRITTEN

}  // namespace microvm::fcapi
