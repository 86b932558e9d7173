// Durations as people write them.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace microvm {

inline constexpr std::chrono::milliseconds kLongestDuration = std::chrono::hours(24);

/// A whole number and its unit, `500ms`, `10s` or `2m`: up to 24 hours. Nothing for anything else.
std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);
/// The same way back, in the largest unit that fits: `0s`, `1500ms`, `2m`.
std::string duration_text(std::chrono::milliseconds duration);

}  // namespace microvm
