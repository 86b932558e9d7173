// The limits of a spec, in one place (docs/spec.md has the same table).
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace microvm::spec {

/// Of a spec file, and of a CPU configuration's own. The reader of JSON bounds the values in it to 262,144.
inline constexpr std::size_t kMaxFileBytes = 1024 * 1024;
/// Unknown members that are told one by one.
inline constexpr std::size_t kMaxWarnings = 16;
inline constexpr std::size_t kMaxId = 63;
inline constexpr std::size_t kMaxEnvFiles = 16;
inline constexpr std::size_t kMaxSecrets = 1024;  ///< what the guest's daemon keeps
inline constexpr std::size_t kMaxStopRungs = 8;
inline constexpr std::chrono::milliseconds kMaxStopBudget = std::chrono::minutes(10);
/// Of the console and of the VMM's log on disk.
inline constexpr std::uint64_t kMinKeptBytes = 64 * 1024;
inline constexpr std::uint64_t kMaxKeptBytes = 1024 * 1024 * 1024;
/// What the VMM, or a client, appends to the vsock device's path: '_' and the largest port.
inline constexpr std::size_t kMaxPortSuffix = 11;

}  // namespace microvm::spec
