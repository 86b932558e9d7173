// Changes to a microVM that runs.
#include <fcntl.h>

#include <algorithm>
#include <utility>

#include "standin/vmm/actions.h"
#include "standin/vmm/log_sites.h"
#include "standin/vmm/start_checks.h"

namespace microvm::standin {
namespace {

// "Drive config error: Unable to patch the block device: … Please verify the request arguments."
std::unexpected<Fault> drive_not_patched(const Fault& why) {
  return refuse("DeviceUpdate(" + why.debug + ")",
                "Unable to patch the block device: " + why.text + " Please verify the request arguments.");
}

Done plug_in(Vmm& vmm, bool id_is_in_use) {
  vmm.log(site::kDevPreview, "[DevPreview] PCI device hotplug is in development preview.");
  if (!vmm.guest.pci_enabled) return refuse("PciNotEnabled", "PCI is not enabled");
  if (id_is_in_use) return refuse("DeviceIdInUse", "Device ID in use");
  return {};
}

template <class Devices>
Done attach(Vmm& vmm, Devices& devices, typename Devices::value_type device) {
  if (device_count(vmm.guest) >= kPciSlots)
    return std::unexpected(pci_bus_is_full().error().in("PciManager", "PCI manager error: "));
  devices.push_back(std::move(device));
  auto plugged = vmm.backend.plug(devices.back());
  if (!plugged) devices.pop_back();
  return plugged;
}

template <class Devices>
Done detach(Vmm& vmm, Devices& devices, DeviceKind kind, const std::string& id) {
  auto* device = find_device(devices, id);
  if (device == nullptr) return refuse("DeviceNotFound", "Device not found");
  if constexpr (requires { device->config.is_root(); }) {
    if (device->config.is_root()) return refuse("CannotUnplugRootDevice", "Cannot unplug root device");
  } else if constexpr (requires { device->is_root(); }) {
    if (device->is_root()) return refuse("CannotUnplugRootDevice", "Cannot unplug root device");
  }
  if (auto unplugged = vmm.backend.unplug(kind, id); !unplugged) return unplugged;
  devices.erase(devices.begin() + (device - devices.data()));
  return {};
}

std::unexpected<Fault> balloon_fault(std::string_view variant, std::string_view text) {
  return refuse("Balloon(" + std::string(variant) + ")", "Balloon: " + std::string(text));
}

// The device must be there, know hinting, and be taken by a driver.
Done command_hinting(Vmm& vmm) {
  if (!vmm.guest.balloon) return device_not_found();
  if (!vmm.guest.balloon->free_page_hinting)
    return balloon_fault("HintingNotEnabled", "Attempting to use hinting when not enabled");
  return balloon_fault("DeviceNotActive", "Device not activated yet.");
}

}  // namespace

Done update_drive(Vmm& vmm, const DriveUpdate& update) {
  DriveDevice* drive = find_device(vmm.guest.drives, update.id);
  if (drive == nullptr) return drive_not_patched(device_not_found().error());
  const bool names_nothing = !update.path_on_host && !update.rate_limiter;
  if (names_nothing != drive->config.socket.has_value())
    return drive_not_patched({"Block: Running method expected different backend.", "Block(InvalidBlockBackend)"});
  if (update.path_on_host) {
    Drive next = drive->config;
    next.path_on_host = update.path_on_host;
    auto device = open_drive(next);
    if (!device) return drive_not_patched(std::move(device.error()).in("Block", "Block: "));
    *drive = std::move(*device);
  }
  standin::update(drive->config.rate_limiter, update.rate_limiter);
  return vmm.backend.change_drive(*drive);
}

Done update_interface(Vmm& vmm, const NetworkInterfaceUpdate& update) {
  NetworkDevice* device = find_device(vmm.guest.interfaces, update.id);
  if (device == nullptr)
    return std::unexpected(device_not_found().error().in("DeviceUpdate", "Unable to update the net device: "));
  standin::update(device->config.rx_rate_limiter, update.rx_rate_limiter);
  standin::update(device->config.tx_rate_limiter, update.tx_rate_limiter);
  return vmm.backend.change_interface(*device);
}

// What GET /vm/config answers for it stays as it was configured, and without limits no device need be there.
Done update_pmem(Vmm& vmm, const PmemUpdate& update) {
  if (!update.rate_limiter) return {};
  const Pmem* device = find_device(vmm.guest.pmem, update.id);
  if (device == nullptr) {
    const Fault why = device_not_found().error();
    return refuse("DeviceUpdate(" + why.debug + ")",
                  "Unable to patch the pmem device: " + why.text + " Please verify the request arguments.");
  }
  Pmem next = *device;
  standin::update(next.rate_limiter, update.rate_limiter);
  return vmm.backend.change_pmem(next);
}

Done plug_drive(Vmm& vmm, const Drive& drive) {
  constexpr std::string_view kPrefix = "Drive config error: ";
  if (auto can = plug_in(vmm, find_device(vmm.guest.drives, drive.id) != nullptr); !can) return can;
  if (drive.is_root())
    return refuse("RootBlockDeviceAlreadyAdded", std::string(kPrefix) + "A root block device already exists!");
  auto device = open_drive(drive);
  if (!device)
    return std::unexpected(std::move(device.error())
                               .in("CreateBlockDevice", "Unable to create the virtio block device: ")
                               .behind(kPrefix));
  return attach(vmm, vmm.guest.drives, std::move(*device));
}

Done plug_interface(Vmm& vmm, const NetworkInterface& interface) {
  constexpr std::string_view kPrefix = "Network config error: ";
  if (auto can = plug_in(vmm, find_device(vmm.guest.interfaces, interface.id) != nullptr); !can) return can;
  const auto has_same_mac = [&](const NetworkDevice& other) { return other.config.guest_mac == interface.guest_mac; };
  if (interface.guest_mac && std::ranges::any_of(vmm.guest.interfaces, has_same_mac))
    return refuse("GuestMacAddressInUse",
                  std::string(kPrefix) + "The MAC address is already in use: " + interface.guest_mac->text);
  auto device = open_interface(interface);
  if (!device)
    return std::unexpected(
        std::move(device.error()).in("CreateNetworkDevice", "Could not create the network device: ").behind(kPrefix));
  return attach(vmm, vmm.guest.interfaces, std::move(*device));
}

Done plug_pmem(Vmm& vmm, const Pmem& pmem) {
  constexpr std::string_view kPrefix = "Pmem config error: ";
  if (auto can = plug_in(vmm, find_device(vmm.guest.pmem, pmem.id) != nullptr); !can) return can;
  if (pmem.is_root())
    return refuse(
        "AddingSecondRootDevice",
        std::string(kPrefix) + "Attempt to add pmem as a root device while the root device defined as a block device");
  if (auto good = check_pmem(pmem); !good)
    return std::unexpected(
        std::move(good.error()).in("CreateDevice", "Unable to create the virtio-pmem device: ").behind(kPrefix));
  return attach(vmm, vmm.guest.pmem, pmem);
}

Done unplug(Vmm& vmm, DeviceKind kind, const std::string& id) {
  vmm.log(site::kDevPreview, "[DevPreview] PCI device hot-unplug is in development preview.");
  if (!vmm.guest.pci_enabled) return refuse("PciNotEnabled", "PCI is not enabled");
  switch (kind) {
    case DeviceKind::Drive:
      return detach(vmm, vmm.guest.drives, kind, id);
    case DeviceKind::NetworkInterface:
      return detach(vmm, vmm.guest.interfaces, kind, id);
    case DeviceKind::Pmem:
      return detach(vmm, vmm.guest.pmem, kind, id);
  }
  return {};
}

Done update_balloon(Vmm& vmm, const BalloonUpdate& update) {
  if (!vmm.guest.balloon) return device_not_found();
  if (!vmm.backend.is_driven(DrivenDevice::Balloon))
    return balloon_fault("DeviceNotActive", "Device not activated yet.");
  if (update.amount_mib > vmm.guest.machine.mem_size.count)
    return balloon_fault("TooMuchMemoryRequested", "Amount of pages requested cannot fit in memory: " +
                                                       std::to_string(update.amount_mib) + " MiB.");
  if (auto done = vmm.backend.set_balloon(update.amount_mib); !done) return done;
  vmm.guest.balloon->amount_mib = update.amount_mib;
  return {};
}

Done update_balloon_stats(Vmm& vmm, const BalloonStatsUpdate& update) {
  if (!vmm.guest.balloon) return device_not_found();
  auto& interval = vmm.guest.balloon->stats_polling_interval_s;
  if ((interval == 0) != (update.stats_polling_interval_s == 0))
    return balloon_fault("StatisticsStateChange", "Statistics cannot be enabled/disabled after activation.");
  interval = update.stats_polling_interval_s;
  return vmm.backend.set_balloon_interval(interval);
}

Done start_hinting(Vmm& vmm, const StartHinting& /*command*/) { return command_hinting(vmm); }

Done stop_hinting(Vmm& vmm) { return command_hinting(vmm); }

Done update_memory_hotplug(Vmm& vmm, const MemoryHotplugUpdate& update) {
  if (!vmm.guest.memory_hotplug) return device_not_found();
  constexpr std::string_view kPrefix = "Failed to create memory hotplug device: ";
  if (!vmm.backend.is_driven(DrivenDevice::MemoryHotplug))
    return refuse("VirtioMem(DeviceNotActive)", std::string(kPrefix) + "Device is not active");
  const MemoryHotplug& memory = *vmm.guest.memory_hotplug;
  const std::uint64_t wanted = update.requested_size.count;
  if (wanted % memory.block_size.count != 0 || wanted > memory.total_size.count)
    return refuse("VirtioMem(InvalidSize)",
                  std::string(kPrefix) + "Invalid requested size: " + std::to_string(wanted << 20));
  return vmm.backend.set_plugged_memory(wanted);
}

}  // namespace microvm::standin
