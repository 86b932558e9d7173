// The kernel lets the process reach the files below a few directories, and nothing else.
#pragma once

#include <span>

namespace microvm::guest {

/// For good, and only with no_new_privs. Below `directories` everything that the daemon does with its files is
/// allowed; below `removal_only`, unless it is -1, files may be unlinked. Nothing may be executed, no TCP socket bound
/// or connected, and nobody else signalled, as far as the kernel knows how to forbid it. Answers the ABI that holds
/// (landlock(7)), 0 for none.
unsigned restrict_files(std::span<const int> directories, int removal_only) noexcept;

}  // namespace microvm::guest
