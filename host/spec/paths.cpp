#include "host/spec/paths.h"

namespace microvm::spec {

std::string absolute(std::string_view base, std::string_view path) {
  if (path.empty()) return {};
  std::string whole = path.starts_with('/') ? std::string() : std::string(base);
  whole.append("/").append(path);

  std::string result;
  for (std::string_view rest = whole; !rest.empty();) {
    const std::string_view part = rest.substr(0, rest.find('/'));
    rest.remove_prefix(part.size() == rest.size() ? part.size() : part.size() + 1);
    if (!part.empty() && part != ".") result.append("/").append(part);
  }
  // "dir/" and "dir/." are a folder, or nothing.
  if (result.empty() || path.ends_with('/') || path.ends_with("/.")) result += '/';
  return result;
}

}  // namespace microvm::spec
