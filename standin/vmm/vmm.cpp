#include "standin/vmm/vmm.h"

#include <algorithm>

namespace microvm::standin {
namespace {

std::optional<MmdsConfig> mmds_config(const Guest& guest) {
  MmdsConfig config{guest.mmds.version, {}, guest.mmds.address, guest.mmds.imds_compat};
  for (const NetworkDevice& device : guest.interfaces)
    if (device.answers_mmds) config.network_interfaces.push_back(device.config.id);
  if (config.network_interfaces.empty()) return std::nullopt;
  return config;
}

}  // namespace

bool Vmm::has_mmds() const noexcept { return std::ranges::any_of(guest.interfaces, &NetworkDevice::answers_mmds); }

VmConfig vm_config(const Vmm& vmm) {
  const Guest& guest = vmm.guest;
  VmConfig config;
  config.balloon = guest.balloon;
  for (const DriveDevice& drive : guest.drives) config.drives.push_back(drive.config);
  config.boot_source = guest.boot_source;
  config.machine_config = guest.machine;
  config.mmds_config = mmds_config(guest);
  for (const NetworkDevice& device : guest.interfaces) config.network_interfaces.push_back(device.config);
  if (guest.vsock) config.vsock = Vsock{std::nullopt, guest.vsock->config.guest_cid, guest.vsock->config.uds_path};
  config.entropy = guest.entropy;
  config.pmem = guest.pmem;
  config.memory_hotplug = guest.memory_hotplug;
  return config;
}

std::unexpected<Fault> device_not_found() {
  return refuse("DeviceManager(DeviceNotFound)", "Failed perform action on device: Device not found");
}

}  // namespace microvm::standin
