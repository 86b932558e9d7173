// A request as the API sees it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace microvm::standin::http {

enum class Method : std::uint8_t { Get, Put, Patch, Delete };

std::string_view upper_name(Method method) noexcept;  ///< "GET"
std::string_view name(Method method) noexcept;        ///< "Get"

struct Request {
  Method method = Method::Get;
  std::string uri;
  bool is_http_1_0 = false;
  std::optional<std::string> body;  ///< none without a Content-Length above 0

  /// The path of the URI; empty when there is none: a relative path, `*`, another scheme.
  [[nodiscard]] std::string_view path() const noexcept;
};

}  // namespace microvm::standin::http
