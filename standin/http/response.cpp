#include "standin/http/response.h"

namespace microvm::standin::http {
namespace {

constexpr std::string_view kServer = "Server: Firecracker API\r\nConnection: keep-alive\r\n";

}  // namespace

std::string to_bytes(const Response& response) {
  std::string out = "HTTP/1.1 " + std::to_string(response.status) + " \r\n";
  out += kServer;
  if (response.deprecated) out += "Deprecation: true\r\n";
  if (response.status != 204)
    out += "Content-Type: application/json\r\nContent-Length: " + std::to_string(response.body.size()) + "\r\n";
  return out + "\r\n" + response.body;
}

std::string continue_bytes(bool http_1_0) {
  return std::string(http_1_0 ? "HTTP/1.0" : "HTTP/1.1") + " 100 \r\n" + std::string(kServer) + "\r\n";
}

std::string refusal_bytes(std::string_view why) {
  return to_bytes(
      {400, "{ \"error\": \"" + std::string(why) + "\nAll previous unanswered requests will be dropped.\" }"});
}

}  // namespace microvm::standin::http
