// How long is waited for what, in one place.
#pragma once

#include <chrono>
#include <cstddef>

namespace microvm::vm {

using Clock = std::chrono::steady_clock;

/// A process that got SIGKILL, or was told to end.
inline constexpr std::chrono::milliseconds kEndPatience{5'000};
/// A new monitor's report, when it adopts.
inline constexpr std::chrono::milliseconds kAdoptPatience{5'000};
/// A monitor that writes down how its VMM ended: it takes less than 100 ms.
inline constexpr std::chrono::milliseconds kExitPatience{2'000};
inline constexpr std::chrono::milliseconds kShortExitPatience{300};
/// Of a VMM's log that is quoted.
inline constexpr std::size_t kLastWords = 1024;

inline std::chrono::microseconds since(Clock::time_point begin) {
  return std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - begin);
}

}  // namespace microvm::vm
