#include "cli/report.h"

#include <fmt/format.h>

#include <cstdio>

#include "cli/json.h"
#include "common/base/printable.h"

namespace microvm::cli {
namespace {

constexpr std::size_t kMaxMessage = 1024;

bool put(std::FILE* stream, const std::string& line) {
  return std::fputs((line + '\n').c_str(), stream) >= 0 && std::fflush(stream) == 0;
}

std::string member(const char* name, const std::string& value) {
  return value.empty() ? "" : fmt::format(R"(,"{}":{})", name, json_string(printable(value, kMaxMessage)));
}

std::string timed(const std::string& command, const Context& context, const Answer& answer) {
  const double ms = std::chrono::duration<double, std::milli>(Deadline::Clock::now() - context.started).count();
  return context.json() ? fmt::format(R"({{"ok":true,"op":"{}","elapsed_ms":{:.1f}{}}})", command, ms, answer.json)
                        : fmt::format("{}: ok in {:.1f} ms{}", command, ms, answer.text);
}

}  // namespace

int exit_code(ErrorCode code) noexcept {
  switch (code) {
    case ErrorCode::Rejected:
    case ErrorCode::Fault:
    case ErrorCode::Unsupported:
    case ErrorCode::Missing:
    case ErrorCode::Exists:
    case ErrorCode::WrongState:
    case ErrorCode::Busy:
      return 1;
    case ErrorCode::Invalid:
    case ErrorCode::Io:
      return 2;
    case ErrorCode::SocketMissing:
    case ErrorCode::Refused:
    case ErrorCode::NotListening:
    case ErrorCode::HandshakeTimeout:
    case ErrorCode::ReplyTimeout:
    case ErrorCode::ConnectionLost:
    case ErrorCode::VmmDied:
      return 3;
    case ErrorCode::BadHandshake:
    case ErrorCode::ReplyTooLong:
    case ErrorCode::BadReply:
    case ErrorCode::IdMismatch:
      return 4;
  }
  return 4;
}

int exit_code(ExitReason reason) noexcept {
  switch (reason) {
    case ExitReason::GuestReboot:
    case ExitReason::GuestPoweroff:
    case ExitReason::Stopped:
      return 0;
    case ExitReason::GuestPanic:
      return 10;
    case ExitReason::VmmError:
    case ExitReason::VmmSignal:
      return 11;
    case ExitReason::Killed:
      return 12;
    case ExitReason::Unknown:
    case ExitReason::HostRebooted:
      return 13;
  }
  return 13;
}

void tell(const std::string& line) { put(stderr, "microvm: " + printable(line, kMaxMessage + 64)); }

void tell(const Error& error) {
  put(stderr, fmt::format("microvm: {}: {}", code_name(error.code), printable(error.message, kMaxMessage)));
}

bool print_line(const std::string& line) { return put(stdout, line); }

std::string error_members(const Error& error) {
  return fmt::format(R"("code":"{}","errno":{},"message":{})", code_name(error.code), error.sys_errno,
                     json_string(printable(error.message, kMaxMessage))) +
         member("guest_code", error.guest_code) + member("fault", error.fault) + member("vm_state", error.vm_state) +
         member("step", error.step);
}

int report(const std::string& command, const Context& context, const Result<Answer>& result) {
  std::string line;
  int exit = 0;
  if (result) {
    exit = result->exit;
    line = result->whole ? (context.json() ? result->json : result->text) : timed(command, context, *result);
  } else {
    exit = exit_code(result.error().code);
    tell(result.error());
    if (context.json()) line = fmt::format(R"({{"ok":false,"op":"{}",{}}})", command, error_members(result.error()));
  }
  if (!line.empty() && !put(stdout, line)) {
    tell("io: standard output takes no more");
    return exit == 0 ? 2 : exit;
  }
  return exit;
}

}  // namespace microvm::cli
