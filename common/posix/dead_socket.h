// Sockets that their owner left behind.
#pragma once

#include <string_view>

namespace microvm::posix {

/// Removes the Unix socket at `path` when nobody listens on it any more. One that somebody listens on is another's, and
/// what is no socket is nobody's to remove here.
void remove_dead_socket(std::string_view path) noexcept;

}  // namespace microvm::posix
