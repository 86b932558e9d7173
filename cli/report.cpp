#include "cli/report.h"

#include <fmt/format.h>

#include <cstdio>

#include "cli/json.h"
#include "common/base/printable.h"

namespace microvm::cli {
namespace {

constexpr std::size_t kMaxMessage = 1024;

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

std::string guest_code(const Error& error) {
  return error.guest_code.empty() ? "" : fmt::format(R"(,"guest_code":"{}")", error.guest_code);
}

bool print_line(std::FILE* stream, const std::string& line) {
  return std::fputs((line + '\n').c_str(), stream) >= 0 && std::fflush(stream) == 0;
}

}  // namespace

int report(const std::string& command, const Context& context, bool json, const Result<Answer>& result) {
  std::string line;
  int exit = 0;
  if (result) {
    const double ms = std::chrono::duration<double, std::milli>(Deadline::Clock::now() - context.started).count();
    line = json ? fmt::format(R"({{"ok":true,"op":"{}","elapsed_ms":{:.1f}{}}})", command, ms, result->json)
                : fmt::format("{}: ok in {:.1f} ms{}", command, ms, result->text);
  } else {
    const Error& error = result.error();
    const std::string message = printable(error.message, kMaxMessage);
    exit = exit_code(error.code);
    print_line(stderr, fmt::format("microvm: {}: {}", code_name(error.code), message));
    if (json) {
      line = fmt::format(R"({{"ok":false,"op":"{}","code":"{}","errno":{},"message":{}{}}})", command,
                         code_name(error.code), error.sys_errno, json_string(message), guest_code(error));
    }
  }
  if (!line.empty() && !print_line(stdout, line)) {
    print_line(stderr, "microvm: io: standard output takes no more");
    return exit == 0 ? 2 : exit;
  }
  return exit;
}

}  // namespace microvm::cli
