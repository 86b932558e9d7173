#include "standin/vmm/metrics.h"

#include <array>
#include <chrono>

#include "standin/vmm/files.h"

namespace microvm::standin {
namespace {

// A key that ends in '*' is an object of minimum, maximum and sum.
struct Group {
  std::string_view name;
  std::string_view keys;
};

constexpr std::string_view kBlockKeys =
    "activate_fails cfg_fails no_avail_buffer event_fails execute_fails invalid_reqs_count flush_count "
    "queue_event_count "
    "rate_limiter_event_count update_count update_fails read_bytes write_bytes read_count write_count read_agg* "
    "write_agg* rate_limiter_throttled_events io_engine_throttled_events remaining_reqs_count";
constexpr std::string_view kNetKeys =
    "activate_fails cfg_fails mac_address_updates no_rx_avail_buffer no_tx_avail_buffer event_fails "
    "rx_queue_event_count "
    "rx_event_rate_limiter_count rx_rate_limiter_throttled rx_tap_event_count rx_bytes_count rx_packets_count rx_fails "
    "rx_count tap_read_fails tap_write_fails tap_write_agg* tx_bytes_count tx_malformed_frames tx_fails tx_count "
    "tx_packets_count tx_queue_event_count tx_rate_limiter_event_count tx_rate_limiter_throttled tx_spoofed_mac_count "
    "tx_remaining_reqs_count";

constexpr std::array kGroups = {
    Group{"api_server", "process_startup_time_us process_startup_time_cpu_us"},
    Group{"balloon",
          "activate_fails inflate_count stats_updates_count stats_update_fails deflate_count event_fails "
          "free_page_report_count free_page_report_freed free_page_report_fails free_page_hint_count "
          "free_page_hint_freed free_page_hint_fails"},
    Group{"block", kBlockKeys},
    Group{"deprecated_api", "deprecated_http_api_calls"},
    Group{"get_api_requests",
          "instance_info_count machine_cfg_count mmds_count vmm_version_count hotplug_memory_count"},
    Group{"i8042", "error_count missed_read_count missed_write_count read_count reset_count write_count"},
    Group{"uart",
          "error_count flush_count missed_read_count missed_write_count read_count write_count "
          "rate_limiter_dropped_bytes"},
    Group{"latencies_us",
          "full_create_snapshot diff_create_snapshot load_snapshot pause_vm resume_vm vmm_full_create_snapshot "
          "vmm_diff_create_snapshot vmm_load_snapshot vmm_pause_vm vmm_resume_vm"},
    Group{"logger", "missed_metrics_count metrics_fails missed_log_count rate_limited_log_count"},
    Group{"mmds",
          "rx_accepted rx_accepted_err rx_accepted_unusual rx_bad_eth rx_invalid_token rx_no_token rx_count tx_bytes "
          "tx_count tx_errors tx_frames connections_created connections_destroyed"},
    Group{"net", kNetKeys},
    Group{
        "patch_api_requests",
        "drive_count drive_fails network_count network_fails machine_cfg_count machine_cfg_fails mmds_count mmds_fails "
        "hotplug_memory_count hotplug_memory_fails pmem_count pmem_fails"},
    Group{
        "put_api_requests",
        "actions_count actions_fails boot_source_count boot_source_fails drive_count drive_fails logger_count "
        "logger_fails machine_cfg_count machine_cfg_fails cpu_cfg_count cpu_cfg_fails metrics_count metrics_fails "
        "network_count network_fails mmds_count mmds_fails vsock_count vsock_fails pmem_count pmem_fails serial_count "
        "serial_fails hotplug_memory_count hotplug_memory_fails"},
    Group{"seccomp", "num_faults"},
    Group{"vcpu",
          "exit_io_in exit_io_out exit_mmio_read exit_mmio_write failures kvmclock_ctrl_fails exit_io_in_agg* "
          "exit_io_out_agg* exit_mmio_read_agg* exit_mmio_write_agg*"},
    Group{"vmm", "panic_count"},
    Group{"signals", "sigbus sigsegv sigxfsz sigxcpu sigpipe sighup sigill"},
    Group{"vsock",
          "activate_fails cfg_fails rx_queue_event_fails tx_queue_event_fails ev_queue_event_fails muxer_event_fails "
          "conn_event_fails rx_queue_event_count tx_queue_event_count rx_bytes_count tx_bytes_count rx_packets_count "
          "tx_packets_count conns_added conns_killed conns_removed killq_resync tx_flush_fails tx_write_fails "
          "rx_read_fails"},
    Group{"entropy",
          "activate_fails entropy_event_fails entropy_event_count entropy_bytes host_rng_fails "
          "entropy_rate_limiter_throttled rate_limiter_event_count"},
    Group{"pmem",
          "activate_fails cfg_fails event_fails queue_event_count rate_limiter_throttled_events "
          "rate_limiter_event_count"},
    Group{"interrupts", "triggers config_updates"},
    Group{
        "memory_hotplug",
        "activate_fails queue_event_fails queue_event_count plug_agg* plug_count plug_bytes plug_fails unplug_agg* "
        "unplug_count unplug_bytes unplug_fails unplug_discard_fails unplug_all_agg* unplug_all_count unplug_all_fails "
        "state_agg* state_count state_fails"},
};

}  // namespace

Done Metrics::init(const MetricsConfig& config) {
  constexpr std::string_view kPrefix = "Cannot initialize the metrics system due to bad user input: ";
  const auto fail = [&](const std::string& why) {
    return refuse("InitializationFailure(\"" + why + "\")", std::string(kPrefix) + why);
  };
  auto file = open_output(config.metrics_path.text);
  if (!file) return fail(file.error().text);
  if (file_.valid()) return fail("Reinitialization of metrics not allowed.");
  file_ = std::move(*file);
  return {};
}

void Metrics::set_devices(std::vector<std::string> drive_ids, std::vector<std::string> interface_ids) {
  drive_ids_ = std::move(drive_ids);
  interface_ids_ = std::move(interface_ids);
}

bool Metrics::write() {
  if (!file_.valid()) return true;
  const std::string text = line();
  counts_.clear();
  return write_all(file_.get(), text);
}

std::string Metrics::line() const {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  std::string out =
      "{\"utc_timestamp_ms\":" + std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(now).count());
  for (const Group& group : kGroups) {
    if (group.name == "block")
      for (const std::string& id : drive_ids_) append_group(out, "block_" + id, group.keys);
    if (group.name == "net")
      for (const std::string& id : interface_ids_) append_group(out, "net_" + id, group.keys);
    append_group(out, group.name, group.keys);
  }
  return out + "}\n";
}

void Metrics::append_group(std::string& out, std::string_view name, std::string_view keys) const {
  out.append(",\"").append(name).append("\":");
  for (char before = '{'; !keys.empty(); before = ',') {
    const auto space = keys.find(' ');
    std::string_view key = keys.substr(0, space);
    keys.remove_prefix(space == keys.npos ? keys.size() : space + 1);
    const bool aggregate = key.ends_with('*');
    if (aggregate) key.remove_suffix(1);
    out.append(1, before).append("\"").append(key).append("\":");
    out += aggregate ? R"({"min_us":0,"max_us":0,"sum_us":0})" : std::to_string(value_of(name, key));
  }
  out += '}';
}

std::uint64_t Metrics::value_of(std::string_view group, std::string_view key) const {
  const std::string full = std::string(group) + "." + std::string(key);
  if (const auto stored = stored_.find(full); stored != stored_.end()) return stored->second;
  const auto counted = counts_.find(full);
  return counted == counts_.end() ? 0 : counted->second;
}

}  // namespace microvm::standin
