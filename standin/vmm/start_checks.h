// What a guest must be like to be started, in the order in which Firecracker finds out.
#pragma once

#include "standin/backend/guest.h"
#include "standin/model/fault.h"

namespace microvm::standin {

Done check_start(const Guest& guest);

/// The PCI bus of a guest has this many slots for devices.
inline constexpr std::size_t kPciSlots = 31;
std::size_t device_count(const Guest& guest);
/// "PCI root error: Could not find an available device slot on the PCI bus."
std::unexpected<Fault> pci_bus_is_full();

}  // namespace microvm::standin
