#include "host/monitor/signs.h"

#include <algorithm>
#include <array>

namespace microvm::monitor {
namespace {

struct Known {
  std::string_view beginning;
  Sign::Kind kind;
};

constexpr std::array kKnown = {
    Known{"Kernel panic - not syncing", Sign::Kind::Panic},
    Known{"reboot: Power down", Sign::Kind::PoweredOff},
    Known{"reboot: System halted", Sign::Kind::PoweredOff},
    Known{"reboot: Restarting system", Sign::Kind::Rebooting},
};

// `[    1.234567] `, `[    1.234567][    T1] `
std::string_view without_stamps(std::string_view line) noexcept {
  while (line.starts_with('[')) {
    const std::size_t end = line.find_first_not_of(" .0123456789TC", 1);
    if (end == line.npos || line[end] != ']') break;
    line.remove_prefix(end + 1);
    line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
  }
  return line;
}

}  // namespace

std::optional<Sign> sign_in(std::string_view line) noexcept {
  line = without_stamps(line);
  for (const Known& known : kKnown)
    if (line.starts_with(known.beginning)) return Sign{known.kind, line};
  return std::nullopt;
}

}  // namespace microvm::monitor
