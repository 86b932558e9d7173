// Configuration before boot: devices.
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "standin/vmm/actions.h"

namespace microvm::standin {
namespace {

template <class Devices>
bool has_root(const Devices& devices) {
  return std::ranges::any_of(devices, [](const auto& device) {
    if constexpr (requires { device.config; }) {
      return device.config.is_root();
    } else {
      return device.is_root();
    }
  });
}

}  // namespace

Done set_drive(Vmm& vmm, const Drive& drive) {
  vmm.boot_path = true;
  auto& drives = vmm.guest.drives;
  DriveDevice* old = find_device(drives, drive.id);
  if (drive.is_root() && has_root(vmm.guest.pmem))
    return refuse("AddingSecondRootDevice",
                  "Attempt to add block as a root device while the root device defined as a pmem device");
  const bool first_is_root = !drives.empty() && drives.front().config.is_root();
  if (drive.is_root() && first_is_root && old != &drives.front())
    return refuse("RootBlockDeviceAlreadyAdded", "A root block device already exists!");
  auto device = open_drive(drive);
  if (!device) return refuse_in(device, "CreateBlockDevice", "Unable to create the virtio block device: ");
  if (old != nullptr) {
    *old = std::move(*device);
    if (drive.is_root()) std::swap(*old, drives.front());
  } else {
    drives.insert(drive.is_root() ? drives.begin() : drives.end(), std::move(*device));
  }
  return {};
}

Done set_interface(Vmm& vmm, const NetworkInterface& interface) {
  vmm.boot_path = true;
  auto& interfaces = vmm.guest.interfaces;
  for (const NetworkDevice& other : interfaces) {
    if (interface.guest_mac && other.config.guest_mac == interface.guest_mac && other.config.id != interface.id)
      return refuse("GuestMacAddressInUse(\"" + interface.guest_mac->text + "\")",
                    "The MAC address is already in use: " + interface.guest_mac->text);
  }
  // The old one goes first, and with it its TAP: the new one may want the same.
  if (NetworkDevice* old = find_device(interfaces, interface.id)) {
    if (old != &interfaces.back()) *old = std::move(interfaces.back());
    interfaces.pop_back();
  }
  auto device = open_interface(interface);
  if (!device) return refuse_in(device, "CreateNetworkDevice", "Could not create the network device: ");
  interfaces.push_back(std::move(*device));
  return {};
}

Done set_pmem(Vmm& vmm, const Pmem& pmem) {
  vmm.boot_path = true;
  auto& devices = vmm.guest.pmem;
  if (pmem.is_root() && has_root(vmm.guest.drives))
    return refuse("AddingSecondRootDevice",
                  "Attempt to add pmem as a root device while the root device defined as a block device");
  Pmem* old = find_device(devices, pmem.id);
  const bool becomes_root = pmem.is_root() && (old == nullptr || !old->is_root());
  if (becomes_root && has_root(devices))
    return refuse("RootPmemDeviceAlreadyExist", "A root pmem device already exist");
  if (old != nullptr) {
    *old = pmem;
  } else {
    devices.push_back(pmem);
  }
  return {};
}

Done set_vsock(Vmm& vmm, const Vsock& vsock) {
  constexpr std::string_view kPrefix = "Cannot create backend for vsock device: ";
  vmm.boot_path = true;
  // The old device is gone whatever happens to the new one.
  if (auto old = std::exchange(vmm.guest.vsock, std::nullopt)) {
    if (::unlink(old->config.uds_path.c_str()) != 0)
      return std::unexpected(errno_fault(errno)
                                 .in("UnixBind", "Error binding to the host-side Unix socket: ")
                                 .in("CreateVsockBackend", kPrefix));
  }
  auto device = open_vsock(vsock);
  if (!device) return refuse_in(device, "CreateVsockBackend", kPrefix);
  vmm.guest.vsock = std::move(*device);
  return {};
}

Done set_balloon(Vmm& vmm, const Balloon& balloon) {
  vmm.boot_path = true;
  if (balloon.amount_mib > vmm.guest.machine.mem_size.count)
    return refuse("TooManyPagesRequested", "Amount of pages requested is too large.");
  vmm.guest.balloon = balloon;
  return {};
}

Done set_entropy(Vmm& vmm, const Entropy& entropy) {
  vmm.boot_path = true;
  vmm.guest.entropy = Entropy{effective(entropy.rate_limiter)};
  return {};
}

Done set_memory_hotplug(Vmm& vmm, const MemoryHotplug& memory) {
  vmm.boot_path = true;
  const std::uint64_t block = memory.block_size.count;
  const std::uint64_t slot = memory.slot_size.count;
  const std::uint64_t total = memory.total_size.count;
  const auto sized = [](std::string_view variant, std::string_view text, std::uint64_t mib, std::string_view end) {
    const std::string size = std::to_string(mib);
    return refuse(std::string(variant) + "(" + size + ")", std::string(text) + size + std::string(end));
  };
  if (block < MemoryHotplug::kLeastBlockMib)
    return sized("BlockSizeTooSmall", "Block size must not be lower than ", MemoryHotplug::kLeastBlockMib, " MiB");
  if ((block & (block - 1)) != 0) return refuse("BlockSizeNotPowerOfTwo", "Block size must be a power of 2");
  if (slot < MemoryHotplug::kLeastSlotMib)
    return sized("SlotSizeTooSmall", "Slot size must not be lower than ", MemoryHotplug::kLeastSlotMib, " MiB");
  if (slot % block != 0)
    return sized("SlotSizeNotMultipleOfBlockSize", "Slot size must be a multiple of block size (", block, " MiB)");
  if (total < slot) return sized("TotalSizeTooSmall", "Total size must not be lower than slot size (", slot, " MiB)");
  if (total % slot != 0)
    return sized("TotalSizeNotMultipleOfSlotSize", "Total size must be a multiple of slot size (", slot, " MiB)");
  vmm.guest.memory_hotplug = memory;
  return {};
}

Done set_serial(Vmm& vmm, const Serial& serial) {
  vmm.guest.serial = serial;
  return {};
}

}  // namespace microvm::standin
