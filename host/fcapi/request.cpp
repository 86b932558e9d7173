// Planning requests.
#include "host/fcapi/request.h"

#include <fmt/format.h>

#include <utility>

#include "host/fcapi/rules.h"

namespace microvm::fcapi {

Error about(std::string_view line, Error error) {
  error.message = fmt::format("{}: {}", line, error.message);
  return error;
}

Result<Request> plan_text(const Route& route, std::string_view id_text, std::optional<std::string> body,
                          Version version, std::size_t max_body) {
  const auto refuse = [&](ErrorCode code, std::string_view why) {
    return std::unexpected(about(route.text, Error{code, 0, std::string(why)}));
  };
  if (version < route.since) {
    return refuse(ErrorCode::Unsupported,
                  fmt::format("needs Firecracker {}, this is {}.{}.{}", version_text(route.since), version.major,
                              version.minor, version.patch));
  }
  std::string line(route.text);
  if (route.has_id()) {
    if (const std::string rule = id(std::string(id_text)); !rule.empty())
      return refuse(ErrorCode::Invalid, "the id " + rule);
    line.replace(line.size() - 4, 4, id_text);
  }
  if (body && body->size() > max_body) {
    return refuse(ErrorCode::Invalid, fmt::format("a body of {} bytes: this VMM takes {}", body->size(), max_body));
  }
  return Request{&route, std::move(line), std::move(body)};
}

std::string Request::bytes() const {
  const std::string head = fmt::format("{} HTTP/1.1\r\nHost: localhost\r\nAccept: application/json\r\n", line);
  if (!body) return head + "\r\n";
  return fmt::format("{}Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{}", head, body->size(), *body);
}

}  // namespace microvm::fcapi
