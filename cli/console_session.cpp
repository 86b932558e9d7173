#include "cli/console_session.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>

#include "cli/raw_terminal.h"
#include "common/base/printable.h"
#include "common/posix/retry.h"
#include "common/posix/unix_address.h"

namespace microvm::cli {
namespace {

constexpr std::string_view kFollow = "follow\n";
constexpr std::size_t kMostPending = 4096;  // keys that a guest does not read
using Buffer = std::array<char, 4096>;

std::unexpected<Error> fail(ErrorCode code, const std::string& what, int sys_errno) {
  return std::unexpected(
      Error{code, sys_errno, fmt::format("{}: {}", printable(what, 256), std::generic_category().message(sys_errno))});
}

Result<UniqueFd> connect_monitor(const std::string& path) {
  const auto address = posix::unix_address(path);
  if (!address) return fail(ErrorCode::Invalid, path, ENAMETOOLONG);
  UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket.valid()) return fail(ErrorCode::Io, path, errno);
  if (posix::retry([&] {
        return ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&*address), sizeof *address);
      }) != 0) {
    return fail(errno == ENOENT ? ErrorCode::SocketMissing : ErrorCode::Refused, path, errno);
  }
  if (::send(socket.get(), kFollow.data(), kFollow.size(), MSG_NOSIGNAL) != std::ssize(kFollow)) {
    return fail(ErrorCode::ConnectionLost, path, errno);
  }
  return socket;
}

bool write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = posix::retry([&] { return ::write(fd, text.data(), text.size()); });
    if (n < 0) return false;
    text.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

}  // namespace

Result<ConsoleSession> ConsoleSession::open(const std::string& run_dir, std::string keys) {
  auto monitor = connect_monitor(run_dir + "/monitor.sock");
  if (!monitor) return std::unexpected(std::move(monitor.error()));
  const std::string path = run_dir + "/console.in";
  // Not blocking: while the VMM lives it has the other end open, and may be slow to read.
  UniqueFd guest(::open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!guest.valid()) return fail(errno == ENXIO ? ErrorCode::VmmDied : ErrorCode::Io, path, errno);
  return ConsoleSession(std::move(*monitor), std::move(guest), std::move(keys));
}

// False when the detach keys were typed.
bool ConsoleSession::read_keys() {
  Buffer buffer;  // NOLINT(cppcoreguidelines-pro-type-member-init)
  const ssize_t n = ::read(STDIN_FILENO, buffer.data(), buffer.size());
  if (n <= 0) {
    typing_ = n < 0 && (errno == EINTR || errno == EAGAIN);
    return true;
  }
  return !keys_.take({buffer.data(), static_cast<std::size_t>(n)}, for_guest_);
}

void ConsoleSession::write_keys() {
  const ssize_t n = ::write(guest_.get(), for_guest_.data(), for_guest_.size());
  if (n >= 0) for_guest_.erase(0, static_cast<std::size_t>(n));
}

// False at the end of the console.
Result<bool> ConsoleSession::show() {
  Buffer buffer;  // NOLINT(cppcoreguidelines-pro-type-member-init)
  const ssize_t n = posix::retry([&] { return ::read(monitor_.get(), buffer.data(), buffer.size()); });
  if (n <= 0) return false;
  if (!write_all(STDOUT_FILENO, {buffer.data(), static_cast<std::size_t>(n)})) {
    return fail(ErrorCode::Io, "standard output", errno);
  }
  return true;
}

Result<ConsoleSession::End> ConsoleSession::run(const Signals& signals) {
  const RawTerminal terminal(STDIN_FILENO);
  for (;;) {
    // At a terminal keys are always read, or nobody could leave a guest that reads none; a file can wait.
    const bool reads = typing_ && (terminal.is_terminal() || for_guest_.size() < kMostPending);
    std::array<pollfd, 4> fds{{{.fd = signals.fd(), .events = POLLIN, .revents = 0},
                               {.fd = monitor_.get(), .events = POLLIN, .revents = 0},
                               {.fd = reads ? STDIN_FILENO : -1, .events = POLLIN, .revents = 0},
                               {.fd = for_guest_.empty() ? -1 : guest_.get(), .events = POLLOUT, .revents = 0}}};
    ::poll(fds.data(), fds.size(), -1);
    if (fds[0].revents != 0 && signals.next()) return End::Detached;
    if (fds[2].revents != 0 && !read_keys()) {
      write_keys();  // what was typed before
      return End::Detached;
    }
    if (terminal.is_terminal() && for_guest_.size() > kMostPending) for_guest_.resize(kMostPending);
    if (fds[3].revents != 0) write_keys();
    if (fds[1].revents != 0) {
      const auto more = show();
      if (!more) return std::unexpected(more.error());
      if (!*more) return End::Closed;
    }
  }
}

}  // namespace microvm::cli
