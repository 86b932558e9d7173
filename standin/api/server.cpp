#include "standin/api/server.h"

#include <sys/socket.h>

#include <cerrno>
#include <utility>

#include "common/posix/retry.h"

namespace microvm::standin {

void Server::want(std::vector<pollfd>& wanted) const {
  wanted.push_back({listener_.get(), POLLIN, 0});
  for (const Connection& connection : connections_) {
    const int events = connection.out.empty() ? POLLIN : POLLOUT;
    wanted.push_back({connection.fd.get(), static_cast<short>(events | POLLRDHUP), 0});
  }
}

void Server::serve(std::span<const pollfd> ready) {
  const bool has_visitor = ready.front().revents != 0;
  std::size_t i = 1;
  for (Connection& connection : connections_) {
    const int events = ready[i++].revents;
    // Whoever does not read on gets no answer, and what it sent is not looked at.
    if ((events & (POLLERR | POLLHUP | POLLRDHUP | POLLNVAL)) != 0) {
      connection.closed = true;
    } else if ((events & POLLIN) != 0) {
      take(connection);
    } else if ((events & POLLOUT) != 0) {
      send(connection);
    }
  }
  for (Connection& connection : connections_) {
    for (const http::Request& request : std::exchange(connection.requests, {}))
      connection.out += http::to_bytes(answer_(request));
    if (!connection.closed && !connection.out.empty()) send(connection);
  }
  connections_.remove_if([](const Connection& connection) { return connection.closed; });
  if (has_visitor) accept_one();
}

void Server::accept_one() {
  UniqueFd stream(
      posix::retry([&] { return ::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK); }));
  if (!stream.valid()) return;
  if (connections_.size() < kMostConnections) {
    connections_.emplace_back(std::move(stream), payload_limit_);
  } else {
    static_cast<void>(
        ::send(stream.get(), http::kTooManyConnections.data(), http::kTooManyConnections.size(), MSG_NOSIGNAL));
  }
}

void Server::take(Connection& connection) {
  const std::span<char> room = connection.receiver.room();
  const auto n = posix::retry([&] { return ::recv(connection.fd.get(), room.data(), room.size(), 0); });
  if (n <= 0) {
    connection.closed = n == 0 || errno != EAGAIN;
    return;
  }
  auto received = connection.receiver.grew(static_cast<std::size_t>(n));
  connection.out += received.interim;
  connection.requests = std::move(received.requests);
}

void Server::send(Connection& connection) {
  const auto n = posix::retry(
      [&] { return ::send(connection.fd.get(), connection.out.data(), connection.out.size(), MSG_NOSIGNAL); });
  if (n >= 0) {
    connection.out.erase(0, static_cast<std::size_t>(n));
  } else if (errno != EAGAIN) {
    connection.closed = true;
  }
}

}  // namespace microvm::standin
