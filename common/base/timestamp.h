// Points in time as text: RFC 3339, UTC, milliseconds.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace microvm {

std::string timestamp_text(std::chrono::sys_time<std::chrono::milliseconds> when);  ///< 2026-11-30T10:00:00.123Z
/// Such a text, with no or up to nine digits of a second's parts; nothing for any other.
std::optional<std::chrono::sys_time<std::chrono::milliseconds>> parse_timestamp(std::string_view text) noexcept;

inline std::chrono::sys_time<std::chrono::milliseconds> now_ms() noexcept {
  return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

}  // namespace microvm
