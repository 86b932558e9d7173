#include "host/monitor/queries.h"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <limits>

#include "common/posix/retry.h"
#include "common/posix/unix_address.h"
#include "host/monitor/limits.h"

namespace microvm::monitor {
namespace {

constexpr std::uint64_t kForever = std::numeric_limits<std::uint64_t>::max();

bool is_allowed(int fd) noexcept {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return false;
  return peer.uid == 0 || peer.uid == ::geteuid();
}

}  // namespace

std::expected<Queries, Failed> Queries::listen(const std::string& path, const Ring& ring, std::uint64_t ring_bytes) {
  const auto address = posix::unix_address(path);
  if (!address) return std::unexpected(Failed{"socket", ENAMETOOLONG, path});
  UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  (void)::unlink(path.c_str());
  if (!fd.valid() || ::bind(fd.get(), reinterpret_cast<const sockaddr*>(&*address), sizeof *address) != 0 ||
      ::listen(fd.get(), SOMAXCONN) != 0)
    return std::unexpected(Failed{"socket", errno, path});
  return Queries(std::move(fd), ring, ring_bytes);
}

void Queries::want(std::vector<pollfd>& all) const {
  all.push_back({.fd = pause_ ? -1 : listener_.get(), .events = POLLIN, .revents = 0});
  for (const Connection& connection : connections_) {
    const int in = connection.peer_is_silent ? 0 : POLLIN;
    const int out = owes(connection) ? POLLOUT : 0;
    all.push_back({.fd = connection.fd.get(), .events = static_cast<short>(in | out), .revents = 0});
  }
}

void Queries::handle(std::span<const pollfd> mine, const Status& status) {
  for (std::size_t i = 0; i + 1 < mine.size(); ++i) {
    Connection& connection = connections_[i];
    const short events = mine[i + 1].revents;
    if ((events & POLLIN) != 0) hear(connection, status);
    if ((events & POLLOUT) != 0) send(connection);
    if ((events & (POLLHUP | POLLERR)) != 0 && (events & POLLIN) == 0) connection.closed = true;
  }
  sweep();
  if (pause_ && pause_->passed()) pause_.reset();
  if ((mine.front().revents & POLLIN) != 0) accept_all();
}

void Queries::pump() {
  for (Connection& connection : connections_)
    if (connection.at) send(connection);
  sweep();
}

void Queries::notify(const std::string& notices) {
  for (Connection& connection : connections_) {
    if (!connection.awaits_notice) continue;
    connection.awaits_notice = false;
    connection.text = notices;
    send(connection);
  }
  sweep();
}

void Queries::finish() {
  listener_.reset();
  for (Connection& connection : connections_) {
    connection.end = std::min(connection.end, ring_->end());
    connection.closed = !connection.at && connection.text.empty();
  }
  pump();
}

void Queries::accept_all() {
  for (;;) {
    UniqueFd fd(
        posix::retry([&] { return ::accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC); }));
    if (fd.valid()) {
      if (is_allowed(fd.get())) accept(std::move(fd));
      continue;
    }
    if (errno == ECONNABORTED) continue;
    if (errno != EAGAIN) pause_ = Deadline::after(kListenPause);
    return;
  }
}

// One more than there may be takes the place of the oldest that does not follow.
void Queries::accept(UniqueFd fd) {
  if (connections_.size() >= kConnections) {
    const auto oldest = std::ranges::find(connections_, false, &Connection::follows);
    if (oldest == connections_.end()) return;
    connections_.erase(oldest);
  }
  connections_.push_back({.fd = std::move(fd)});
}

void Queries::hear(Connection& connection, const Status& status) const {
  char bytes[kRequestBytes];
  const ssize_t n = posix::retry([&] { return ::recv(connection.fd.get(), bytes, sizeof bytes, 0); });
  if (n < 0) {
    connection.closed = connection.closed || errno != EAGAIN;
    return;
  }
  if (n == 0) {
    // It has said all it had to say; whoever has asked may still listen.
    connection.peer_is_silent = true;
    connection.closed = connection.closed || !(connection.at || connection.awaits_notice || !connection.text.empty());
    return;
  }
  if (connection.at || connection.awaits_notice || !connection.text.empty()) return;
  connection.request.append(bytes, static_cast<std::size_t>(n));
  if (const std::size_t end = connection.request.find('\n'); end != connection.request.npos) {
    connection.request.resize(end);
    begin(connection, status);
  } else {
    connection.closed = connection.request.size() >= kRequestBytes;
  }
}

void Queries::begin(Connection& connection, const Status& status) const {
  if (connection.request == "status") {
    connection.text = status.status();
  } else if (connection.request == "notices") {
    connection.text = status.notices();
    connection.follows = connection.awaits_notice = connection.text.empty();
    if (connection.awaits_notice) return;
  } else if (connection.request == "ring" || connection.request == "follow") {
    connection.follows = connection.request == "follow";
    connection.at = std::max(ring_->begin(), ring_->end() - std::min(ring_->end(), ring_bytes_));
    connection.end = connection.follows ? kForever : ring_->end();
  } else {
    connection.text = "{\"error\":\"unknown request\"}\n";
  }
  send(connection);
}

bool Queries::owes(const Connection& connection) const noexcept {
  return !connection.text.empty() || (connection.at && *connection.at < std::min(connection.end, ring_->end()));
}

void Queries::send(Connection& connection) const {
  while (owes(connection)) {
    if (connection.text.empty() && connection.at && *connection.at < ring_->begin()) {
      const std::uint64_t begin = std::min(ring_->begin(), connection.end);
      connection.text += "\n[" + std::to_string(begin - *connection.at) + " bytes lost]\n";
      connection.at = begin;
    }
    std::string_view part = connection.text;
    const bool of_ring = part.empty();
    if (of_ring) part = ring_->from(*connection.at).substr(0, connection.end - *connection.at);
    const ssize_t n = posix::retry(
        [&] { return ::send(connection.fd.get(), part.data(), part.size(), MSG_NOSIGNAL | MSG_DONTWAIT); });
    if (n < 0) {
      connection.closed = connection.closed || errno != EAGAIN;
      return;
    }
    if (of_ring)
      *connection.at += static_cast<std::uint64_t>(n);
    else
      connection.text.erase(0, static_cast<std::size_t>(n));
  }
  if (!connection.at || *connection.at >= connection.end) connection.closed = true;
}

void Queries::sweep() {
  std::erase_if(connections_, [](const Connection& connection) { return connection.closed; });
}

}  // namespace microvm::monitor
