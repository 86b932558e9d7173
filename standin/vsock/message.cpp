#include "standin/vsock/message.h"

#include <sys/socket.h>

#include <cerrno>

namespace microvm::standin::vsock {
namespace {

constexpr std::uint32_t kVersion = 1;
constexpr std::uint32_t kIsReply = 4;

void take_fds(msghdr& from, std::vector<UniqueFd>& to) {
  for (cmsghdr* part = CMSG_FIRSTHDR(&from); part != nullptr; part = CMSG_NXTHDR(&from, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(part) + i * sizeof fd, sizeof fd);
      to.emplace_back(fd);
    }
  }
}

}  // namespace

// Brings what lies from `begin` on, `size` bytes long, to its end.
MessageReader::Got MessageReader::fill(int socket, void* at, std::size_t begin, std::size_t size) {
  alignas(cmsghdr) std::array<char, CMSG_SPACE(kMaxMessageFds * sizeof(int))> ancillary;
  while (have_ < begin + size) {
    const std::size_t done = have_ - begin;
    iovec rest{static_cast<std::byte*>(at) + done, size - done};
    msghdr from{};
    from.msg_iov = &rest;
    from.msg_iovlen = 1;
    from.msg_control = ancillary.data();
    from.msg_controllen = ancillary.size();
    const ssize_t n = ::recvmsg(socket, &from, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return Got::NothingYet;
    if (n <= 0) return Got::End;
    take_fds(from, message_.fds);
    if (message_.fds.size() > kMaxMessageFds) return Got::End;
    have_ += static_cast<std::size_t>(n);
  }
  return Got::Message;
}

MessageReader::Got MessageReader::read(int socket) {
  constexpr std::size_t kHead = sizeof(Message::Head);
  if (have_ == 0) message_ = {};
  if (const Got got = fill(socket, &message_.head, 0, kHead); got != Got::Message) return got;
  if (message_.head.size > kMaxPayload || (message_.head.flags & 3U) != kVersion) return Got::End;
  const Got got = fill(socket, message_.payload.data(), kHead, message_.head.size);
  if (got == Got::Message) have_ = 0;
  return got;
}

bool send_reply(int socket, std::uint32_t request, std::span<const std::byte> payload) {
  Message::Head head{request, kVersion | kIsReply, static_cast<std::uint32_t>(payload.size())};
  std::array<iovec, 2> parts = {{{&head, sizeof head}, {const_cast<std::byte*>(payload.data()), payload.size()}}};
  msghdr message{};
  message.msg_iov = parts.data();
  message.msg_iovlen = parts.size();
  const auto size = static_cast<ssize_t>(sizeof head + payload.size());
  return ::sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT) == size;
}

}  // namespace microvm::standin::vsock
