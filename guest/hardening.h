// What the process does for itself before it serves.
#pragma once

namespace microvm::guest {

/// No core dump and no ptrace by others, no SIGPIPE, every mode as given, as many descriptors as the hard limit allows.
void harden_process() noexcept;

/// How many descriptors the process may still open.
unsigned free_descriptors() noexcept;

}  // namespace microvm::guest
