// A raw client of a line protocol on a unix socket.
#include "tests/support/line_client.h"

#include <linux/sockios.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <array>
#include <cerrno>
#include <system_error>
#include <thread>
#include <utility>

namespace microvm::test {
namespace {

// Waits until `fd` is ready for `events`; false at the deadline.
bool ready(int fd, short events, Deadline deadline) {
  for (;;) {
    pollfd poll_fd{.fd = fd, .events = events, .revents = 0};
    if (::poll(&poll_fd, 1, deadline.poll_ms()) > 0) return true;
    if (deadline.passed()) return false;
  }
}

sockaddr_un unix_address(const std::string& path) {
  sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
  if (path.size() >= sizeof address.sun_path) throw std::system_error(ENAMETOOLONG, std::generic_category(), path);
  path.copy(address.sun_path, path.size());
  return address;
}

UniqueFd try_connect(const std::string& path) {
  const sockaddr_un address = unix_address(path);
  UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) fd.reset();
  return fd;
}

}  // namespace

UniqueFd listen_unix(const std::string& path) {
  const sockaddr_un address = unix_address(path);
  UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(fd.get(), SOMAXCONN) != 0) {
    throw std::system_error(errno, std::generic_category(), "listen on " + path);
  }
  return fd;
}

LineClient LineClient::connect(const std::string& path) { return connect(path, Deadline::after({})); }

LineClient LineClient::connect(const std::string& path, Deadline deadline) {
  const Deadline backlog = Deadline::after(kPatience);
  for (;;) {
    UniqueFd fd = try_connect(path);
    if (fd.valid()) return LineClient(std::move(fd));
    const int error = errno;
    // A full backlog is no refusal: even the single try waits for it.
    if (error == EAGAIN ? backlog.passed() : deadline.passed()) {
      throw std::system_error(error, std::generic_category(), "connect " + path);
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

std::size_t LineClient::send_some(std::string_view bytes) {
  const ssize_t n = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  return n < 0 ? 0 : static_cast<std::size_t>(n);
}

bool LineClient::send(std::string_view bytes, Deadline deadline) {
  while (!bytes.empty()) {
    const ssize_t n = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(n));
    } else if (errno != EAGAIN || !ready(fd_.get(), POLLOUT, deadline)) {
      return false;
    }
  }
  return true;
}

bool LineClient::await_taken(Deadline deadline) const {
  for (int unread = 0;;) {
    if (::ioctl(fd_.get(), SIOCOUTQ, &unread) == 0 && unread == 0) return true;
    if (deadline.passed()) return false;
    std::this_thread::yield();
  }
}

void LineClient::finish() noexcept { ::shutdown(fd_.get(), SHUT_WR); }

LineClient::Event LineClient::fill(Deadline deadline) {
  if (!ready(fd_.get(), POLLIN, deadline)) return Event::Timeout;
  std::array<char, 64 * 1024> part;
  const ssize_t n = ::recv(fd_.get(), part.data(), part.size(), 0);
  if (n <= 0) return Event::End;
  buffer_.append(part.data(), static_cast<std::size_t>(n));
  return Event::Data;
}

std::optional<std::string> LineClient::read_line(Deadline deadline) {
  for (std::size_t searched = 0;;) {
    if (const auto end = buffer_.find('\n', searched); end != std::string::npos) {
      std::string line = buffer_.substr(0, end);
      buffer_.erase(0, end + 1);
      return line;
    }
    searched = buffer_.size();
    if (fill(deadline) != Event::Data) return std::nullopt;
  }
}

std::string LineClient::read_some(Deadline deadline) {
  if (buffer_.empty()) fill(deadline);
  return std::exchange(buffer_, {});
}

bool LineClient::at_end(Deadline deadline) { return buffer_.empty() && fill(deadline) == Event::End; }

std::string LineClient::ask(std::string_view line_with_newline) {
  return send(line_with_newline) ? read_line().value_or("") : "";
}

}  // namespace microvm::test
