// sockaddr_un, with the length checked.
#pragma once

#include <sys/socket.h>
#include <sys/un.h>

#include <cstddef>
#include <cstring>
#include <optional>
#include <string_view>

namespace microvm::posix {

/// The kernel's limit for a socket's path, its NUL not counted (unix(7)).
inline constexpr std::size_t kMaxSocketPath = sizeof(sockaddr_un::sun_path) - 1;

/// Empty for a path that is empty, too long or holds a NUL.
inline std::optional<sockaddr_un> unix_address(std::string_view path) noexcept {
  if (path.empty() || path.size() > kMaxSocketPath || path.find('\0') != path.npos) return std::nullopt;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  return address;
}

}  // namespace microvm::posix
