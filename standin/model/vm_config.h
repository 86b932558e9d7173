// The whole configuration: what a configuration file holds, and what GET /vm/config answers.
#pragma once

#include <optional>
#include <vector>

#include "standin/model/cpu_template.h"
#include "standin/model/devices.h"
#include "standin/model/disks.h"
#include "standin/model/machine.h"
#include "standin/model/network.h"
#include "standin/model/process.h"

namespace microvm::standin {

/// In a configuration file a template may stand itself, or the path of a file that holds it.
struct CpuConfig {
  std::variant<Path, CustomCpuTemplate> what;
};
bool read(json::Reader& in, CpuConfig& into);
void write(std::string& out, const CpuConfig& value);

struct VmConfig {
  std::optional<Balloon> balloon;
  std::vector<Drive> drives;
  BootSource boot_source;
  std::optional<CpuConfig> cpu_config;
  std::optional<LoggerConfig> logger;
  std::optional<MachineConfig> machine_config;
  std::optional<MetricsConfig> metrics;
  std::optional<MmdsConfig> mmds_config;
  std::vector<NetworkInterface> network_interfaces;
  std::optional<Vsock> vsock;
  std::optional<Entropy> entropy;
  std::vector<Pmem> pmem;
  std::optional<MemoryHotplug> memory_hotplug;
};

const json::Object& describe(const VmConfig*);

}  // namespace microvm::standin
