// A client that costs as little as can be.
#include "tests/bench/client.h"

#include <sched.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <cerrno>
#include <stdexcept>
#include <system_error>

#include "common/posix/unix_address.h"

namespace microvm::bench {
namespace {

[[noreturn]] void fail(const std::string& what) { throw std::system_error(errno, std::generic_category(), what); }

}  // namespace

Client Client::connect(const std::string& path, Deadline deadline) {
  const auto address = posix::unix_address(path);
  if (!address) throw std::runtime_error(path + ": too long for a socket");
  for (;;) {
    UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const timeval patience{.tv_sec = kPatience.count(), .tv_usec = 0};
    if (::setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) != 0 ||
        ::setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience) != 0)
      fail("set up a socket");
    if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&*address), sizeof *address) == 0)
      return Client(std::move(fd));
    if (deadline.passed()) fail("connect to " + path);
    ::sched_yield();  // the server may need this core to begin
  }
}

void Client::send(std::string_view bytes) const {
  while (!bytes.empty()) {
    const ssize_t n = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n <= 0) fail("send a request");
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
}

std::string_view Client::read_some() {
  const ssize_t n = ::recv(fd_.get(), buffer_.get(), kBuffer, 0);
  if (n <= 0) fail("read a reply");
  return {buffer_.get(), static_cast<std::size_t>(n)};
}

std::string_view Client::read(std::size_t size) {
  for (;;) {
    const std::string_view part = read_some();
    if (part.size() > size || (part.size() == size && !part.ends_with('\n')))
      throw std::runtime_error("replies that were not expected: " + std::string(part.substr(0, 80)));
    size -= part.size();
    if (size == 0) return part;
  }
}

std::string_view Client::read_line() {
  std::string_view part = read_some();
  while (!part.ends_with('\n')) part = read_some();
  if (part.find("\"ok\":false") != part.npos) throw std::runtime_error("refused: " + std::string(part.substr(0, 200)));
  return part;
}

}  // namespace microvm::bench
