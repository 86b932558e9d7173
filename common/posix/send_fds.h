// Descriptors that go along with bytes over a unix socket.
#pragma once

#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>

#include <cstddef>
#include <span>

namespace microvm::posix {

inline constexpr std::size_t kMostFdsSent = 8;

/// sendmsg(2) of these parts, the descriptors with the first byte. EINVAL where there are more than kMostFdsSent.
ssize_t send_fds(int socket, std::span<const iovec> parts, std::span<const int> fds, int flags) noexcept;

}  // namespace microvm::posix
