#include "common/posix/send_fds.h"

#include <array>
#include <cerrno>
#include <cstring>

#include "common/posix/retry.h"

namespace microvm::posix {

ssize_t send_fds(int socket, std::span<const iovec> parts, std::span<const int> fds, int flags) noexcept {
  if (fds.size() > kMostFdsSent) {
    errno = EINVAL;
    return -1;
  }
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int) * kMostFdsSent)> control{};
  msghdr message{};
  message.msg_iov = const_cast<iovec*>(parts.data());
  message.msg_iovlen = static_cast<decltype(message.msg_iovlen)>(parts.size());  // musl's types are not glibc's
  if (!fds.empty()) {
    message.msg_control = control.data();
    message.msg_controllen = static_cast<decltype(message.msg_controllen)>(CMSG_SPACE(fds.size_bytes()));
    cmsghdr* rights = CMSG_FIRSTHDR(&message);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = static_cast<decltype(rights->cmsg_len)>(CMSG_LEN(fds.size_bytes()));
    std::memcpy(CMSG_DATA(rights), fds.data(), fds.size_bytes());
  }
  return retry([&] { return ::sendmsg(socket, &message, flags); });
}

}  // namespace microvm::posix
