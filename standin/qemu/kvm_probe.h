// Whether KVM of this host truly runs guests.
#pragma once

namespace microvm::standin::qemu {

/// Runs a small program on it: 64-bit mode, an instruction that poor implementations lack, a loop that slow ones do not
/// finish in time. Opening /dev/kvm says little.
bool kvm_boots_guests();

}  // namespace microvm::standin::qemu
