// What the kernel of this machine has for confinement.
#pragma once

#include <linux/landlock.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>

namespace microvm::confinement {

/// The Landlock ABI that the daemon can hold itself to here; 0 where it cannot.
inline unsigned usable_landlock() {
  const long abi = ::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
  return abi < 2 ? 0 : static_cast<unsigned>(std::min(abi, 6L));
}

}  // namespace microvm::confinement
