// What the kernel is started with.
#pragma once

#include <string>

#include "standin/backend/guest.h"
#include "standin/model/fault.h"

namespace microvm::standin::qemu {

/// The command line as Firecracker composes it: the words of the boot source, "pci=off" without PCI, the root device.
/// But for "pci=off", wherever it comes from: the guest's devices are on PCI here.
std::string kernel_words(const Guest& guest);

/// QEMU starts an ELF kernel where a note in it says ("PVH"); refuses a kernel that has none.
Done check_kernel_entry(int kernel);

}  // namespace microvm::standin::qemu
