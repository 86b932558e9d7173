#include "standin/http/request.h"

#include <array>

namespace microvm::standin::http {
namespace {

constexpr std::array<std::string_view, 4> kUpperNames = {"GET", "PUT", "PATCH", "DELETE"};
constexpr std::array<std::string_view, 4> kNames = {"Get", "Put", "Patch", "Delete"};

}  // namespace

std::string_view upper_name(Method method) noexcept { return kUpperNames[static_cast<std::size_t>(method)]; }
std::string_view name(Method method) noexcept { return kNames[static_cast<std::size_t>(method)]; }

std::string_view Request::path() const noexcept {
  constexpr std::string_view kScheme = "http://";
  const std::string_view whole = uri;
  if (whole.starts_with('/')) return whole;
  if (!whole.starts_with(kScheme)) return {};
  const auto slash = whole.find('/', kScheme.size());
  return slash == whole.npos ? std::string_view() : whole.substr(slash);
}

}  // namespace microvm::standin::http
