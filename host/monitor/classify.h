// Why a VMM has ended, as far as it can be known: one pure function.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "microvm/runtime_types.h"

namespace microvm::monitor {

/// What the driver was about to do: the text of `intent`.
struct Intent {
  enum class Kind { None, CtrlAltDel, Kill };
  Kind kind = Kind::None;
  int signal = 0;  ///< of Kill
};
Intent parse_intent(std::string_view text) noexcept;

struct Evidence {
  std::optional<int> code{}, signal{};  ///< neither: nobody saw the status
  std::string panic{};                  ///< the line of the console; empty: there was none
  std::string powered_off{};            ///< the same of a power-off or halt
  std::string rebooting{};              ///< and of a reboot
  std::vector<std::string> log{};       ///< the last lines of the VMM's log
  Intent intent{};
};

struct Conclusion {
  ExitReason reason = ExitReason::Unknown;
  Certainty certainty = Certainty::None;
  std::string detail{};
};

Conclusion classify(const Evidence& evidence);

}  // namespace microvm::monitor
