// Neither sends more than asked nor closes one half: the VMM drops a client that does.
#include "host/fcapi/connection.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <system_error>

#include "host/fcapi/faults.h"

namespace microvm::fcapi {
namespace {

std::unexpected<Error> fail(ErrorCode code, std::string message, int number = 0) {
  return std::unexpected(Error{code, number, std::move(message)});
}

bool later(int number) noexcept { return number == EAGAIN || number == EINTR; }
bool gone(int number) noexcept { return number == EPIPE || number == ECONNRESET; }

// When the peer is gone, nobody takes the rest; what it said before is still to be read.
Result<void> send(int stream, std::string_view& unsent) {
  const ssize_t n = ::send(stream, unsent.data(), unsent.size(), MSG_NOSIGNAL);
  if (n >= 0) {
    unsent.remove_prefix(static_cast<std::size_t>(n));
  } else if (gone(errno)) {
    unsent = {};
  } else if (!later(errno)) {
    return fail(ErrorCode::Io, "send: " + std::generic_category().message(errno), errno);
  }
  return {};
}

}  // namespace

bool Connection::is_fresh() const noexcept {
  char byte = 0;
  return stream_.valid() && ::recv(stream_.get(), &byte, 1, MSG_PEEK) < 0 && later(errno);
}

Result<Reply> Connection::exchange(std::string_view request, Deadline deadline) {
  std::string_view unsent = request;
  auto reply = try_exchange(unsent, deadline);
  if (!reply || !unsent.empty() || !is_usable_after(*reply)) close();
  return reply;
}

Result<Reply> Connection::try_exchange(std::string_view& unsent, Deadline deadline) {
  ReplyReader reader;
  const std::size_t size = unsent.size();
  for (;;) {
    if (!unsent.empty()) {
      if (auto sent = send(stream_.get(), unsent); !sent) return std::unexpected(std::move(sent.error()));
    }
    if (deadline.passed()) {
      return fail(ErrorCode::ReplyTimeout,
                  unsent.empty() ? "no whole reply came in time"
                                 : fmt::format("only {} of {} bytes were taken in time", size - unsent.size(), size));
    }
    const short events = static_cast<short>(unsent.empty() ? POLLIN : POLLIN | POLLOUT);
    pollfd ready{.fd = stream_.get(), .events = events, .revents = 0};
    if (::poll(&ready, 1, deadline.poll_ms()) <= 0 || (ready.revents & ~POLLOUT) == 0) continue;
    auto is_whole = receive(reader);
    if (!is_whole) return std::unexpected(std::move(is_whole.error()));
    if (*is_whole) return reader.take();
  }
}

Result<bool> Connection::receive(ReplyReader& reader) {
  std::array<char, 16 * 1024> bytes;
  const ssize_t n = ::recv(stream_.get(), bytes.data(), bytes.size(), 0);
  if (n > 0) return reader.feed({bytes.data(), static_cast<std::size_t>(n)});
  if (n < 0 && later(errno)) return false;
  const int number = n < 0 ? errno : 0;
  if (n == 0 || gone(number)) return fail(ErrorCode::ConnectionLost, "the connection ended before the reply", number);
  return fail(ErrorCode::Io, "recv: " + std::generic_category().message(number), number);
}

}  // namespace microvm::fcapi
