// What the command takes from its environment; the only place that reads it.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "microvm/error.h"
#include "microvm/runtime.h"

namespace microvm::cli {

inline constexpr std::uint32_t kMinPort = 1;
inline constexpr std::uint32_t kMaxPort = 0xFFFF'FFFE;  ///< the one above means "any" and cannot be listened on

struct MetadataConfig {
  std::uint32_t port = 5555;                          ///< MICROVM_GUEST_METADATA_PORT
  std::chrono::milliseconds connect_timeout{10'000};  ///< MICROVM_GUEST_METADATA_CONNECT_TIMEOUT_MS
  std::chrono::milliseconds request_timeout{5'000};   ///< MICROVM_GUEST_METADATA_REQUEST_TIMEOUT_MS
};

/// An empty variable counts as unset; a bad one is Invalid and named. So it is with all of them.
Result<MetadataConfig> metadata_config();

/// As the command line has them; empty: not given.
struct RuntimeFlags {
  std::string state_dir{}, run_dir{}, firecracker{}, monitor{};
};

/// Flags, then variables, then defaults: /var/lib/microvm and /run/microvm for root, XDG's directories for others. A
/// program that nobody named and that is in no usual place is left empty.
Result<RuntimeOptions> runtime_config(const RuntimeFlags& flags);

/// The VM of the MICROVM_FIRECRACKER_* variables, for commands that are given no spec file.
Result<fcapi::VmConfig> vm_config();

/// NO_COLOR is not set, and TERM is no `dumb`.
bool colors_are_wanted();

}  // namespace microvm::cli
