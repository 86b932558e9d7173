#include "host/vsock/handshake.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <span>
#include <system_error>

namespace microvm::vsock {
namespace {

std::unexpected<Error> fail(ErrorCode code, int sys_errno, std::string_view message) {
  return std::unexpected(Error{code, sys_errno, std::string(message)});
}

std::unexpected<Error> fail_call(std::string_view call) {
  const int error = errno;
  return fail(ErrorCode::Io, error, fmt::format("{}: {}", call, std::generic_category().message(error)));
}

std::unexpected<Error> not_listening(int sys_errno) {
  return fail(ErrorCode::NotListening, sys_errno,
              "nothing in the guest listens on the port (the VMM ended the stream before OK)");
}

// EAGAIN: more connections wait to be accepted than the VMM's backlog holds.
std::unexpected<Error> unanswered(int sys_errno = 0) {
  return fail(ErrorCode::HandshakeTimeout, sys_errno,
              "CONNECT was not answered: guest driver not up, VM paused or hung (Firecracker 1.16.0 and 1.16.1 leave "
              "it unanswered after a bare pause and resume)");
}

Result<UniqueFd> connect_to(const sockaddr_un& address) {
  UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd.valid()) return fail_call("socket");
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return fd;
  switch (errno) {
    case ENOENT:
      return fail(ErrorCode::SocketMissing, ENOENT, "there is no such socket file (VMM not started?)");
    case ECONNREFUSED:
      return fail(ErrorCode::Refused, ECONNREFUSED, "nothing accepts on the socket (stale file of a dead VMM?)");
    case EAGAIN:
      return unanswered(EAGAIN);
    default:
      return fail_call("connect");
  }
}

// In one write: the VMM reads what is there and drops a connection whose line is not whole.
Result<void> send_connect(int fd, std::uint32_t port) {
  const std::string line = fmt::format("CONNECT {}\n", port);
  const ssize_t sent = ::send(fd, line.data(), line.size(), MSG_NOSIGNAL);
  if (sent == static_cast<ssize_t>(line.size())) return {};
  if (sent < 0 && errno != EPIPE && errno != ECONNRESET) return fail_call("send CONNECT");
  return not_listening(sent < 0 ? errno : 0);
}

// Takes what is there of the OK line into `line` and answers how many bytes that were.
Result<std::size_t> take_line(int fd, std::span<char> line) {
  // Peek, then take to the newline and no further: what follows belongs to the guest.
  const ssize_t seen = ::recv(fd, line.data(), line.size(), MSG_PEEK);
  if (seen == 0) return not_listening(0);
  if (seen < 0) {
    if (errno == EAGAIN || errno == EINTR) return 0;
    if (errno == ECONNRESET) return not_listening(errno);
    return fail_call("read OK");
  }
  const auto text = line.first(static_cast<std::size_t>(seen));
  const auto newline = std::ranges::find(text, '\n');
  const auto wanted = static_cast<std::size_t>(newline - text.begin()) + (newline != text.end() ? 1 : 0);
  const ssize_t taken = ::recv(fd, line.data(), wanted, 0);
  if (taken < 0) return fail_call("read OK");
  return static_cast<std::size_t>(taken);
}

Result<void> read_ok(int fd, Deadline deadline, int end_fd) {
  std::array<char, kMaxOkLine> line;
  for (std::size_t size = 0;;) {
    std::array<pollfd, 2> fds{pollfd{.fd = fd, .events = POLLIN, .revents = 0},
                              pollfd{.fd = end_fd, .events = POLLIN, .revents = 0}};
    if (::poll(fds.data(), fds.size(), deadline.poll_ms()) <= 0) {
      if (deadline.passed()) return unanswered();
      continue;
    }
    if (fds[0].revents == 0) return std::unexpected(ended());
    const auto taken = take_line(fd, std::span(line).subspan(size));
    if (!taken) return std::unexpected(taken.error());
    size += *taken;
    switch (judge_ok_line({line.data(), size})) {
      case OkLine::Complete:
        return {};
      case OkLine::Partial:
        break;
      case OkLine::Bad:
        return fail(ErrorCode::BadHandshake, 0,
                    "CONNECT was answered with something else than `OK <port>` (is it the VMM's vsock socket?)");
    }
  }
}

}  // namespace

OkLine judge_ok_line(std::string_view read) noexcept {
  constexpr std::string_view kWord = "OK ";
  const bool ended = read.ends_with('\n');
  const std::string_view text = read.substr(0, read.size() - (ended ? 1 : 0));
  const std::string_view number = text.substr(std::min(text.size(), kWord.size()));
  const bool good = kWord.starts_with(text.substr(0, kWord.size())) && read.size() <= kMaxOkLine &&
                    std::ranges::all_of(number, [](char c) { return c >= '0' && c <= '9'; });
  if (!good || (ended ? number.empty() : read.size() == kMaxOkLine)) return OkLine::Bad;
  return ended ? OkLine::Complete : OkLine::Partial;
}

Error ended() { return {ErrorCode::VmmDied, 0, "the VM ended meanwhile"}; }

Result<UniqueFd> handshake(const sockaddr_un& address, std::uint32_t port, Deadline deadline, int end_fd) {
  auto stream = connect_to(address);
  if (!stream) return stream;
  if (auto sent = send_connect(stream->get(), port); !sent) return std::unexpected(std::move(sent.error()));
  if (auto answered = read_ok(stream->get(), deadline, end_fd); !answered)
    return std::unexpected(std::move(answered.error()));
  return stream;
}

}  // namespace microvm::vsock
