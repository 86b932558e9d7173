// What a line of the guest's console says about the guest's end.
#pragma once

#include <optional>
#include <string_view>

namespace microvm::monitor {

struct Sign {
  enum class Kind { Panic, PoweredOff, Rebooting };
  Kind kind;
  std::string_view text;  ///< the line, without the kernel's time stamp
};

/// Only what the kernel itself says at the beginning of a line, behind its time stamps.
std::optional<Sign> sign_in(std::string_view line) noexcept;

}  // namespace microvm::monitor
