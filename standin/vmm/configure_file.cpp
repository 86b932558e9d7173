// A whole configuration at once, in the order in which Firecracker takes it.
#include "standin/vmm/actions.h"
#include "standin/vmm/files.h"
#include "standin/vmm/log_sites.h"

namespace microvm::standin {
namespace {

struct Step {
  Vmm& vmm;
  Done result{};

  /// Does it unless something was refused before; names a refusal.
  template <class Set, class Part>
  Step& set(Set setter, const Part& part, std::string_view variant, std::string_view prefix) {
    if (!result) return *this;
    result = setter(vmm, part);
    if (!result) result = std::unexpected(std::move(result.error()).in(variant, prefix));
    return *this;
  }
  template <class Set, class Part>
  Step& set_if(Set setter, const std::optional<Part>& part, std::string_view variant, std::string_view prefix) {
    return part ? set(setter, *part, variant, prefix) : *this;
  }
  template <class Set, class Part>
  Step& set_each(Set setter, const std::vector<Part>& parts, std::string_view variant, std::string_view prefix) {
    for (const Part& part : parts) set(setter, part, variant, prefix);
    return *this;
  }
};

MachineConfigUpdate whole(const MachineConfig& machine) {
  return {machine.vcpu_count,   machine.mem_size,          machine.smt,
          machine.cpu_template, machine.track_dirty_pages, machine.huge_pages};
}

Done set_logger(Vmm& vmm, const LoggerConfig& logger) { return vmm.log.update(logger); }
Done set_metrics(Vmm& vmm, const MetricsConfig& metrics) { return vmm.metrics.init(metrics); }
Done set_machine(Vmm& vmm, const MachineConfig& machine) { return set_machine_config(vmm, whole(machine)); }

Done read_cpu_config(Vmm& vmm, const CpuConfig& config) {
  constexpr std::size_t kLimit = 10 << 20;
  const auto* path = std::get_if<Path>(&config.what);
  if (path == nullptr) return set_cpu_template(vmm, std::get<CustomCpuTemplate>(config.what));
  auto text = read_file(path->text, kLimit);
  if (!text) return std::unexpected(std::move(text.error()));
  CustomCpuTemplate cpu_template;
  json::Reader in(*text);
  if (!json::read(in, cpu_template) || !in.end()) return std::unexpected(json_fault(in.failure()));
  return set_cpu_template(vmm, cpu_template);
}

Done add_metadata(Vmm& vmm, const json::Value& metadata) {
  auto added = vmm.mmds.put(metadata);
  if (added) vmm.log(site::kMetadataAdded, "Successfully added metadata to mmds from file");
  return added;
}

}  // namespace

Done configure(Vmm& vmm, const VmConfig& config, const std::optional<json::Value>& metadata) {
  return Step{vmm}
      .set_if(set_logger, config.logger, "Logger", "Logger error: ")
      .set_if(set_metrics, config.metrics, "Metrics", "Metrics error: ")
      .set_if(set_machine, config.machine_config, "MachineConfig", "VM config error: ")
      .set_if(read_cpu_config, config.cpu_config, "File", "File operation error: ")
      .set(set_boot_source, config.boot_source, "BootSource", "Boot source error: ")
      .set_each(set_drive, config.drives, "BlockDevice", "Block device error: ")
      .set_each(set_interface, config.network_interfaces, "NetDevice", "Network device error: ")
      .set_if(set_vsock, config.vsock, "VsockDevice", "Vsock device error: ")
      .set_if(set_balloon, config.balloon, "BalloonDevice", "Balloon device error: ")
      .set_if(add_metadata, metadata, "Mmds", "MMDS error: ")
      .set_if(set_mmds_config, config.mmds_config, "MmdsConfig", "MMDS config error: ")
      .set_if(set_entropy, config.entropy, "EntropyConfig", "Entropy device error: ")
      .set_each(set_pmem, config.pmem, "PmemConfig", "Pmem device error: ")
      .set_if(set_memory_hotplug, config.memory_hotplug, "MemoryHotplugConfig", "Memory hotplug config error: ")
      .result;
}

}  // namespace microvm::standin
