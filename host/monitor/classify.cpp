#include "host/monitor/classify.h"

#include <signal.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "host/monitor/limits.h"

namespace microvm::monitor {
namespace {

constexpr std::string_view kIntercepted = "Shutting down VM after intercepting signal ";
constexpr std::string_view kSuccess = "Firecracker exiting successfully. exit_code=0";
constexpr std::string_view kError = "Firecracker exiting with error. exit_code=";

// Firecracker's words for its own faults; the code behind them may be 0 all the same.
constexpr std::array<std::string_view, 6> kFaults = {
    "panicked at",                       //
    "Unexpected exit reason on vcpu",    //
    "Received KVM_EXIT_INTERNAL_ERROR",  //
    "Received KVM_EXIT_FAIL_ENTRY",      //
    "Received ENOSYS error because",     //
    "Failure during vcpu run",           //
};

std::optional<int> number_at(std::string_view text) noexcept {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() ? std::optional(value) : std::nullopt;
}

// The last line that holds `words`; empty where none does.
std::string_view line_with(const Evidence& evidence, std::string_view words) noexcept {
  for (auto line = evidence.log.rbegin(); line != evidence.log.rend(); ++line)
    if (line->find(words) != line->npos) return *line;
  return {};
}

std::optional<int> number_behind(const Evidence& evidence, std::string_view words) noexcept {
  const std::string_view line = line_with(evidence, words);
  if (line.empty()) return std::nullopt;
  return number_at(line.substr(line.find(words) + words.size()));
}

std::string signal_text(int number) {
  struct Name {
    int number;
    std::string_view name;
  };
  constexpr std::array kNames = {
      Name{SIGHUP, "SIGHUP"},   Name{SIGINT, "SIGINT"},   Name{SIGQUIT, "SIGQUIT"}, Name{SIGILL, "SIGILL"},
      Name{SIGTRAP, "SIGTRAP"}, Name{SIGABRT, "SIGABRT"}, Name{SIGBUS, "SIGBUS"},   Name{SIGFPE, "SIGFPE"},
      Name{SIGKILL, "SIGKILL"}, Name{SIGSEGV, "SIGSEGV"}, Name{SIGPIPE, "SIGPIPE"}, Name{SIGTERM, "SIGTERM"},
      Name{SIGXCPU, "SIGXCPU"}, Name{SIGXFSZ, "SIGXFSZ"}, Name{SIGSYS, "SIGSYS"},
  };
  const auto* const known = std::ranges::find(kNames, number, &Name::number);
  return known != kNames.end() ? std::string(known->name) : "signal " + std::to_string(number);
}

std::string_view fault_line(const Evidence& evidence) noexcept {
  for (auto line = evidence.log.rbegin(); line != evidence.log.rend(); ++line)
    for (const std::string_view fault : kFaults)
      if (line->find(fault) != line->npos) return *line;
  return {};
}

Conclusion by_signal(const Evidence& evidence, int signal) {
  const std::string before = evidence.panic.empty() ? "" : "; before that: " + evidence.panic;
  // The monitor itself ends what has powered off, and the driver may be faster.
  if (!evidence.powered_off.empty() && signal == SIGKILL)
    return {ExitReason::GuestPoweroff, Certainty::Certain, evidence.powered_off};
  if (evidence.intent.kind == Intent::Kind::Kill && evidence.intent.signal == signal)
    return {ExitReason::Killed, Certainty::Certain, signal_text(signal) + before};
  if (const std::string_view line = line_with(evidence, "panicked at"); signal == SIGABRT && !line.empty())
    return {ExitReason::VmmError, Certainty::Certain, std::string(line)};
  return {ExitReason::VmmSignal, Certainty::Certain, signal_text(signal) + before};
}

// The guest's kernel said what it was doing.
std::optional<Conclusion> by_console(const Evidence& evidence) {
  if (!evidence.panic.empty()) return Conclusion{ExitReason::GuestPanic, Certainty::Certain, evidence.panic};
  if (!evidence.powered_off.empty())
    return Conclusion{ExitReason::GuestPoweroff, Certainty::Certain, evidence.powered_off};
  if (evidence.rebooting.empty()) return std::nullopt;
  const bool asked = evidence.intent.kind == Intent::Kind::CtrlAltDel;
  return Conclusion{asked ? ExitReason::Stopped : ExitReason::GuestReboot, Certainty::Certain, evidence.rebooting};
}

Conclusion by_error(const Evidence& evidence, int code) {
  std::string detail = "exit code " + std::to_string(code);
  std::string_view line = fault_line(evidence);
  // The last line but the one that only repeats the code.
  for (auto at = evidence.log.rbegin(); line.empty() && at != evidence.log.rend(); ++at)
    if (at->find(kError) == at->npos && !at->empty()) line = *at;
  if (!line.empty()) (detail += ": ") += line;
  return {ExitReason::VmmError, Certainty::Certain, std::move(detail)};
}

Conclusion without_words(const Evidence& evidence) {
  switch (evidence.intent.kind) {
    case Intent::Kind::CtrlAltDel:
      return {ExitReason::Stopped, Certainty::Likely, "the guest was asked to reboot"};
    case Intent::Kind::Kill:
    case Intent::Kind::None:
      break;
  }
  return {ExitReason::GuestReboot, Certainty::Likely, "exit code 0, and no panic on the console"};
}

// Nobody saw the status, and neither console nor log says anything.
Conclusion in_the_dark(const Evidence& evidence) {
  if (evidence.intent.kind == Intent::Kind::Kill)
    return {ExitReason::Killed, Certainty::Likely, signal_text(evidence.intent.signal) + " was about to be sent"};
  if (evidence.intent.kind == Intent::Kind::CtrlAltDel) return without_words(evidence);
  return {ExitReason::Unknown, Certainty::None, "nobody saw the end"};
}

Conclusion conclude(const Evidence& evidence) {
  if (evidence.signal) return by_signal(evidence, *evidence.signal);
  // A signal that the VMM caught, and ended by itself.
  if (const auto caught = number_behind(evidence, kIntercepted); caught && evidence.code.value_or(1) != 0)
    return by_signal(evidence, *caught);
  if (auto known = by_console(evidence)) return std::move(*known);
  const auto code = evidence.code ? evidence.code : number_behind(evidence, kError);
  if (code && *code != 0) return by_error(evidence, *code);
  if (!fault_line(evidence).empty()) return by_error(evidence, 0);
  if (code || !line_with(evidence, kSuccess).empty()) return without_words(evidence);
  return in_the_dark(evidence);
}

}  // namespace

Intent parse_intent(std::string_view text) noexcept {
  constexpr std::string_view kKill = "kill ";
  if (text == "ctrl-alt-del\n") return {Intent::Kind::CtrlAltDel, 0};
  if (!text.starts_with(kKill) || !text.ends_with('\n')) return {};
  const auto signal = number_at(text.substr(kKill.size()));
  return signal ? Intent{Intent::Kind::Kill, *signal} : Intent{};
}

Conclusion classify(const Evidence& evidence) {
  Conclusion conclusion = conclude(evidence);
  if (conclusion.detail.size() > kDetailBytes) conclusion.detail.resize(kDetailBytes);
  return conclusion;
}

}  // namespace microvm::monitor
