// Answers as micro_http writes them.
#pragma once

#include <string>
#include <string_view>

namespace microvm::standin::http {

struct Response {
  int status = 204;
  std::string body;  ///< not with 204
  bool deprecated = false;
};

std::string to_bytes(const Response& response);

/// "100": go on, I want the body.
std::string continue_bytes(bool http_1_0);

/// The answer to bytes that are no request.
std::string refusal_bytes(std::string_view why);

/// What an eleventh connection gets before it is closed.
inline constexpr std::string_view kTooManyConnections =
    "HTTP/1.1 503\r\nServer: Firecracker API\r\nConnection: close\r\nContent-Length: 40\r\n\r\n"
    "{ \"error\": \"Too many open connections\" }";

}  // namespace microvm::standin::http
