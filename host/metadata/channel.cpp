#include "host/metadata/channel.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

namespace microvm::metadata {
namespace {

constexpr std::size_t kFirstRead = 4096;

std::unexpected<Error> fail(ErrorCode code, std::string message, int sys_errno = 0) {
  return std::unexpected(Error{code, sys_errno, std::move(message)});
}

std::unexpected<Error> lost(std::string_view when, int sys_errno = 0) {
  return fail(ErrorCode::ConnectionLost, fmt::format("the connection ended {}", when), sys_errno);
}

std::unexpected<Error> fail_call(std::string_view call, int sys_errno) {
  return fail(ErrorCode::Io, fmt::format("{}: {}", call, std::generic_category().message(sys_errno)), sys_errno);
}

bool gone(int sys_errno) noexcept { return sys_errno == ECONNRESET || sys_errno == EPIPE; }
bool later(int sys_errno) noexcept { return sys_errno == EAGAIN || sys_errno == EINTR; }

}  // namespace

Result<std::string_view> Channel::exchange(std::string_view line, std::size_t limit, Deadline deadline) {
  auto reply = try_exchange(line, limit, deadline);
  if (!reply) close();
  return reply;
}

Result<std::string_view> Channel::try_exchange(std::string_view line, std::size_t limit, Deadline deadline) {
  if (auto ready = begin(); !ready) return std::unexpected(std::move(ready.error()));
  std::string_view unsent = line;
  std::optional<std::size_t> end;
  while (!unsent.empty() || !end) {
    if (deadline.passed()) {
      return fail(ErrorCode::ReplyTimeout, unsent.empty() ? "no whole reply came in time"
                                                          : fmt::format("only {} of {} bytes were taken in time",
                                                                        line.size() - unsent.size(), line.size()));
    }
    const int events = (end ? 0 : POLLIN) | (unsent.empty() ? 0 : POLLOUT);
    pollfd ready{.fd = stream_.get(), .events = static_cast<short>(events), .revents = 0};
    if (::poll(&ready, 1, deadline.poll_ms()) <= 0) continue;
    if (!unsent.empty()) {
      if (auto sent = send_some(unsent); !sent) return std::unexpected(std::move(sent.error()));
    }
    if (!end) {
      auto found = receive_some(limit);
      if (!found) return std::unexpected(std::move(found.error()));
      end = *found;
    }
  }
  answered_ = *end + 1;
  return received_.view().substr(0, *end);
}

// Forgets the last reply; whatever else is there was not asked for and would be taken for the next one.
Result<void> Channel::begin() {
  if (!usable()) return fail(ErrorCode::ConnectionLost, "closed after an earlier error: connect anew");
  received_.consume(std::exchange(answered_, 0));
  char byte = 0;
  const ssize_t n = ::recv(stream_.get(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  if (!received_.empty() || n > 0) return fail(ErrorCode::BadReply, "the guest sent bytes that nobody asked for");
  if (n == 0) return lost("before the request was sent");
  if (later(errno)) return {};
  if (gone(errno)) return lost("before the request was sent", errno);
  return fail_call("read", errno);
}

Result<void> Channel::send_some(std::string_view& unsent) {
  const ssize_t n = ::send(stream_.get(), unsent.data(), unsent.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  if (n >= 0) {
    unsent.remove_prefix(static_cast<std::size_t>(n));
  } else if (gone(errno)) {
    unsent = {};  // Nobody takes the rest; what the peer said before it left is still to be read.
  } else if (!later(errno)) {
    return fail_call("send", errno);
  }
  return {};
}

// Reads what is there; answers where the newline is, once it is there.
Result<std::optional<std::size_t>> Channel::receive_some(std::size_t limit) {
  const std::size_t before = received_.size();
  if (before == limit) {
    return fail(ErrorCode::ReplyTooLong, fmt::format("the guest's reply is longer than {} bytes", limit));
  }
  if (before == received_.capacity() && !received_.reserve(std::clamp(2 * before, kFirstRead, limit))) {
    return fail_call("read", ENOMEM);
  }
  const std::size_t room = std::min(received_.capacity(), limit) - before;
  const ssize_t n = ::recv(stream_.get(), received_.data() + before, room, MSG_DONTWAIT);
  if (n == 0) return lost("before the reply");
  if (n < 0) {
    if (later(errno)) return std::nullopt;
    if (gone(errno)) return lost("before the reply", errno);
    return fail_call("read", errno);
  }
  received_.grew(static_cast<std::size_t>(n));
  const std::size_t newline = received_.view().find('\n', before);
  return newline == std::string_view::npos ? std::nullopt : std::optional(newline);
}

}  // namespace microvm::metadata
