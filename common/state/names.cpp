// The words of runtime_types.h, for whoever writes or reads them: the library and the monitor.
#include <array>
#include <utility>

#include "microvm/runtime_types.h"

namespace microvm {
namespace {

template <class Value>
using Name = std::pair<Value, std::string_view>;

constexpr std::array kStates = {
    Name<VmState>{VmState::Creating, "creating"}, Name<VmState>{VmState::Created, "created"},
    Name<VmState>{VmState::Running, "running"},   Name<VmState>{VmState::Paused, "paused"},
    Name<VmState>{VmState::Stopping, "stopping"}, Name<VmState>{VmState::Exited, "exited"},
    Name<VmState>{VmState::Failed, "failed"},
};

constexpr std::array kReasons = {
    Name<ExitReason>{ExitReason::Unknown, "unknown"},
    Name<ExitReason>{ExitReason::GuestReboot, "guest_reboot"},
    Name<ExitReason>{ExitReason::GuestPoweroff, "guest_poweroff"},
    Name<ExitReason>{ExitReason::GuestPanic, "guest_panic"},
    Name<ExitReason>{ExitReason::Stopped, "stopped"},
    Name<ExitReason>{ExitReason::Killed, "killed"},
    Name<ExitReason>{ExitReason::VmmSignal, "vmm_signal"},
    Name<ExitReason>{ExitReason::VmmError, "vmm_error"},
    Name<ExitReason>{ExitReason::HostRebooted, "host_rebooted"},
};

constexpr std::array kCertainties = {
    Name<Certainty>{Certainty::None, "none"},
    Name<Certainty>{Certainty::Likely, "likely"},
    Name<Certainty>{Certainty::Certain, "certain"},
};

template <class Value, std::size_t N>
std::string_view name_of(const std::array<Name<Value>, N>& names, Value value) noexcept {
  for (const auto& [known, name] : names)
    if (known == value) return name;
  return "";
}

template <class Value, std::size_t N>
std::optional<Value> value_of(const std::array<Name<Value>, N>& names, std::string_view wanted) noexcept {
  for (const auto& [value, name] : names)
    if (name == wanted) return value;
  return std::nullopt;
}

}  // namespace

std::string_view state_name(VmState state) noexcept { return name_of(kStates, state); }
std::optional<VmState> state_from(std::string_view name) noexcept { return value_of(kStates, name); }
std::string_view reason_name(ExitReason reason) noexcept { return name_of(kReasons, reason); }
std::optional<ExitReason> reason_from(std::string_view name) noexcept { return value_of(kReasons, name); }
std::string_view certainty_name(Certainty certainty) noexcept { return name_of(kCertainties, certainty); }
std::optional<Certainty> certainty_from(std::string_view name) noexcept { return value_of(kCertainties, name); }

}  // namespace microvm
