// One line on stderr for each event worth telling, never more than its limit allows, never a value.
#pragma once

#include <chrono>
#include <cstdint>
#include <string_view>

#include "common/base/fixed_text.h"

namespace microvm::guest {

enum class Level : std::uint8_t { Info, Warning, Error };

/// A burst of lines, then one a second; what was left out is counted in the next line. A stderr that would block
/// loses the line rather than the daemon's time.
class Log {
 public:
  explicit Log(int fd) noexcept : fd_(fd) {}

  void operator()(Level level, const FixedText& text) noexcept;

 private:
  using Clock = std::chrono::steady_clock;
  static constexpr unsigned kBurst = 20;

  bool admitted() noexcept;

  int fd_;
  unsigned tokens_ = kBurst;
  std::uint64_t left_out_ = 0;
  Clock::time_point refilled_ = Clock::now();
};

}  // namespace microvm::guest
