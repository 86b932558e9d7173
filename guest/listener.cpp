#include "guest/listener.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

// After sys/socket.h, which it needs.
#include <linux/vm_sockets.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <string_view>

#include "common/posix/retry.h"
#include "common/posix/unix_address.h"

namespace microvm::guest {
namespace {

constexpr int kFirstActivated = 3;  // SD_LISTEN_FDS_START
constexpr int kSocketFlags = SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC;
constexpr mode_t kSocketUmask = 0177;
constexpr int kBacklog = 4096;  // the kernel cuts it to net.core.somaxconn

std::unexpected<FixedText> failed(std::string_view what, std::string_view hint = {}, int error = errno) {
  FixedText text(what);
  text.errno_text(error) << hint;
  return std::unexpected(text);
}

int int_option(int fd, int option) noexcept {
  int value = -1;
  socklen_t size = sizeof value;
  return ::getsockopt(fd, SOL_SOCKET, option, &value, &size) == 0 ? value : -1;
}

template <class Address>
int bind_to(int fd, const Address& address) noexcept {
  return ::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address);
}

// A socket file that refuses connections belongs to nobody any more.
bool is_stale(const sockaddr_un& address) noexcept {
  const UniqueFd probe(::socket(AF_UNIX, kSocketFlags, 0));
  struct stat status;
  if (!probe.valid() || ::lstat(address.sun_path, &status) != 0 || !S_ISSOCK(status.st_mode)) return false;
  const int connected = ::connect(probe.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
  return connected != 0 && errno == ECONNREFUSED;
}

int bind_unix_private(int fd, const sockaddr_un& address) noexcept {
  const mode_t before = ::umask(kSocketUmask);
  const int bound = bind_to(fd, address);
  ::umask(before);
  return bound;
}

std::uint32_t vsock_port(int fd) noexcept {
  sockaddr_vm address{};
  socklen_t size = sizeof address;
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  return address.svm_port;
}

bool unix_peer_allowed(int fd) noexcept {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return false;
  return peer.uid == 0 || peer.uid == ::geteuid();
}

}  // namespace

std::expected<Listener, FixedText> Listener::bind(const ListenOn& where) {
  switch (where.kind) {
    case ListenOn::Kind::Vsock:
      return bind_vsock(where.number);
    case ListenOn::Kind::Unix:
      return bind_unix(where.path);
    case ListenOn::Kind::Descriptor:
      return take_over(static_cast<int>(where.number));
  }
  return std::unexpected(FixedText("unknown kind of address"));
}

std::expected<Listener, FixedText> Listener::bind_vsock(std::uint32_t port) {
  UniqueFd fd(::socket(AF_VSOCK, kSocketFlags, 0));
  if (!fd.valid()) return failed("cannot make an AF_VSOCK socket", " (is the guest's virtio vsock driver loaded?)");
  sockaddr_vm address{};
  address.svm_family = AF_VSOCK;
  address.svm_cid = VMADDR_CID_ANY;
  address.svm_port = port;
  const std::string description = "vsock port " + std::to_string(port);
  if (bind_to(fd.get(), address) != 0) {
    const std::string_view hint =
        errno == EADDRINUSE
            ? ": another process holds it, as any process of the guest can above 1023; use a port below "
              "1024 (--port 800) or socket activation (LISTEN_FDS)"
        : errno == EACCES ? ": a port below 1024 needs CAP_NET_BIND_SERVICE"
                          : "";
    return failed("cannot bind " + description, hint);
  }
  return Listener(std::move(fd), AF_VSOCK, description);
}

std::expected<Listener, FixedText> Listener::bind_unix(const std::string& path) {
  const std::string description = "unix socket " + path;
  const auto address = posix::unix_address(path);
  if (!address) {
    FixedText text("cannot bind ");
    return std::unexpected(text << description << ": a socket's path has 1 to " << posix::kMaxSocketPath << " bytes");
  }
  UniqueFd fd(::socket(AF_UNIX, kSocketFlags, 0));
  if (!fd.valid()) return failed("cannot make a unix socket");
  int error = bind_unix_private(fd.get(), *address) == 0 ? 0 : errno;
  if (error == EADDRINUSE && is_stale(*address) && ::unlink(path.c_str()) == 0) {
    error = bind_unix_private(fd.get(), *address) == 0 ? 0 : errno;
  }
  if (error != 0) return failed("cannot bind " + description, {}, error);

  Listener listener(std::move(fd), AF_UNIX, description);
  struct stat status;
  if (::lstat(path.c_str(), &status) == 0) {
    listener.path_ = path;
    listener.device_ = status.st_dev;
    listener.inode_ = status.st_ino;
  }
  return listener;
}

std::expected<Listener, FixedText> Listener::take_over(int fd) {
  UniqueFd own(fd);
  const int family = int_option(fd, SO_DOMAIN);
  if ((family != AF_VSOCK && family != AF_UNIX) || int_option(fd, SO_TYPE) != SOCK_STREAM ||
      int_option(fd, SO_ACCEPTCONN) != 1) {
    FixedText text("descriptor ");
    return std::unexpected(text << static_cast<std::uint64_t>(fd) << " is not a listening vsock or unix stream socket");
  }
  int on = 1;
  if (::ioctl(fd, FIONBIO, &on) != 0 || ::fcntl(fd, F_SETFD, FD_CLOEXEC) != 0)
    return failed("cannot set up descriptor");
  std::string description = "descriptor " + std::to_string(fd);
  description += family == AF_VSOCK ? " (vsock port " + std::to_string(vsock_port(fd)) + ")" : " (unix socket)";
  Listener listener(std::move(own), family, std::move(description));
  listener.listening_ = true;
  return listener;
}

FixedText Listener::listen() noexcept {
  if (listening_ || ::listen(fd_.get(), kBacklog) == 0) return {};
  const int error = errno;
  FixedText text("cannot listen on ");
  return (text << description_).errno_text(error);
}

UniqueFd Listener::accept(std::span<const std::uint32_t> allowed_cids, bool& allowed) noexcept {
  sockaddr_vm peer{};
  socklen_t size = sizeof peer;
  auto* address = family_ == AF_VSOCK ? reinterpret_cast<sockaddr*>(&peer) : nullptr;
  UniqueFd fd(posix::retry([&] {
    return ::accept4(fd_.get(), address, address == nullptr ? nullptr : &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
  }));
  if (fd.valid()) {
    allowed = family_ == AF_VSOCK ? std::ranges::find(allowed_cids, peer.svm_cid) != allowed_cids.end()
                                  : unix_peer_allowed(fd.get());
  }
  return fd;
}

void Listener::close() noexcept {
  fd_.reset();
  struct stat status;
  if (!path_.empty() && ::lstat(path_.c_str(), &status) == 0 && status.st_dev == device_ && status.st_ino == inode_) {
    ::unlink(path_.c_str());
  }
  path_.clear();
}

std::expected<std::optional<int>, FixedText> activated_descriptor(const char* listen_pid, const char* listen_fds,
                                                                  std::int64_t own_pid) {
  if (listen_pid == nullptr || listen_fds == nullptr) return std::nullopt;
  if (std::string_view(listen_pid) != std::to_string(own_pid)) return std::nullopt;
  if (std::string_view(listen_fds) == "1") return kFirstActivated;
  return std::unexpected(FixedText("socket activation must pass exactly one descriptor (LISTEN_FDS=1)"));
}

}  // namespace microvm::guest
