// "CONNECT <port>\n": what a host's stream begins with, read exactly as Firecracker reads it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace microvm::standin::vsock {

inline constexpr std::size_t kMaxConnectLine = 32;

struct ConnectLine {
  std::size_t size = 0;               ///< these bytes are the line's; what follows belongs to the stream
  std::optional<std::uint32_t> port;  ///< none: the stream is dropped
};

/// `arrived`: what is there at the first look, at most kMaxConnectLine bytes. There is no second look.
ConnectLine read_connect_line(std::string_view arrived);

}  // namespace microvm::standin::vsock
