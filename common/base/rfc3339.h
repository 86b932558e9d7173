// A point in time as logs and JSON have it: `2026-11-30T10:00:00.123Z`.
#pragma once

#include <array>
#include <chrono>
#include <string_view>

namespace microvm {

class TimeText {
 public:
  using Nanoseconds = std::chrono::sys_time<std::chrono::nanoseconds>;

  /// With 3, 6 or 9 digits of a second, the rest cut off; years 0 to 9999.
  TimeText(Nanoseconds when, unsigned digits) noexcept;
  [[nodiscard]] std::string_view view() const noexcept { return {text_.data(), size_}; }

 private:
  std::array<char, 30> text_;
  std::size_t size_;
};

}  // namespace microvm
