// What the command takes from its environment; the only place that reads it.
#pragma once

#include <chrono>
#include <cstdint>

#include "microvm/error.h"

namespace microvm::cli {

inline constexpr std::uint32_t kMinPort = 1;
inline constexpr std::uint32_t kMaxPort = 0xFFFF'FFFE;  ///< the one above means "any" and cannot be listened on

struct MetadataConfig {
  std::uint32_t port = 5555;                          ///< MICROVM_GUEST_METADATA_PORT
  std::chrono::milliseconds connect_timeout{10'000};  ///< MICROVM_GUEST_METADATA_CONNECT_TIMEOUT_MS
  std::chrono::milliseconds request_timeout{5'000};   ///< MICROVM_GUEST_METADATA_REQUEST_TIMEOUT_MS
};

/// An empty variable counts as unset; a bad one is Invalid and named.
Result<MetadataConfig> metadata_config();

}  // namespace microvm::cli
