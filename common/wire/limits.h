// The limits of the metadata protocol, in one place (docs/protocol.md has the same table).
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace microvm::wire {

inline constexpr std::uint32_t kDefaultPort = 5555;

/// One request line, newline included.
inline constexpr std::size_t kMaxRequestLine = 1024 * 1024;
/// One reply line as the host accepts it, newline included.
inline constexpr std::size_t kMaxReplyLine = 64 * 1024;
/// The same for `stat`: the names of 1024 secrets and all keys of an env file of 1 MiB fit.
inline constexpr std::size_t kMaxStatReply = 2 * 1024 * 1024;
/// Values in a reply as the host accepts it: those of the longest `stat` fit.
inline constexpr std::size_t kMaxReplyValues = 256 * 1024;
inline constexpr std::size_t kMaxSecretName = 255;
inline constexpr std::size_t kMaxEpoch = 255;
/// Nested arrays and objects, the request itself counted.
inline constexpr std::size_t kMaxJsonDepth = 127;

}  // namespace microvm::wire
