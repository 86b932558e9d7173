// Directories that are not yet a VM, or not a VM any more: below <state>/tmp, each named after the process that makes
// or removes it, so that what a dead one left is told from what a live one works on.
#pragma once

#include <string>

#include "host/vm/layout.h"

namespace microvm::vm {

/// A new empty one, 0700.
Result<std::string> make_unfinished(const Roots& roots);
/// Moves a VM's directory there, so that the VM is gone at one instant, and removes it.
Result<void> retire(const Roots& roots, const std::string& directory);
/// Removes those of dead processes; answers how many.
std::size_t sweep_unfinished(const Roots& roots, bool dry_run = false);

}  // namespace microvm::vm
