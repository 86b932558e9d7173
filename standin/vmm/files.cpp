#include "standin/vmm/files.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>

#include "common/posix/retry.h"
#include "common/posix/unix_address.h"

namespace microvm::standin {
namespace {

constexpr int kBacklog = 4096;

std::unexpected<Fault> refuse_errno() { return std::unexpected(errno_fault(errno)); }

struct Address {
  sockaddr_un name{};
  socklen_t size = 0;
  [[nodiscard]] const sockaddr* get() const noexcept { return reinterpret_cast<const sockaddr*>(&name); }
};

Result<Address> address_of(const std::string& path) {
  if (path.find('\0') != path.npos) return std::unexpected(input_fault("paths must not contain interior null bytes"));
  if (path.size() > posix::kMaxSocketPath) return std::unexpected(input_fault("path must be shorter than SUN_LEN"));
  if (path.empty()) return Address{{AF_UNIX, {}}, sizeof(sa_family_t)};
  return Address{*posix::unix_address(path), static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size() + 1)};
}

}  // namespace

Result<UniqueFd> open_file(const std::string& path, int flags, unsigned mode) {
  if (path.find('\0') != path.npos) return std::unexpected(input_fault("file name contained an unexpected NUL byte"));
  UniqueFd fd(posix::retry([&] { return ::open(path.c_str(), flags | O_CLOEXEC, mode); }));
  if (!fd.valid()) return refuse_errno();
  return fd;
}

Result<UniqueFd> open_output(const std::string& path) { return open_file(path, O_RDWR | O_NONBLOCK | O_CREAT, 0666); }

Result<std::string> read_all(int fd, std::size_t limit) {
  std::string content;
  std::array<char, 64 * 1024> block;
  while (content.size() <= limit) {
    const auto n = posix::retry([&] { return ::read(fd, block.data(), block.size()); });
    if (n < 0) return refuse_errno();
    if (n == 0) return content;
    content.append(block.data(), static_cast<std::size_t>(n));
  }
  return std::unexpected(errno_fault(EFBIG));
}

Result<std::string> read_file(const std::string& path, std::size_t limit) {
  auto fd = open_file(path, O_RDONLY);
  if (!fd) return std::unexpected(std::move(fd.error()));
  return read_all(fd->get(), limit);
}

bool write_all(int fd, std::string_view bytes) noexcept {
  while (!bytes.empty()) {
    const auto n = posix::retry([&] { return ::write(fd, bytes.data(), bytes.size()); });
    if (n < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

Result<UniqueFd> listen_at(const std::string& path) {
  const auto address = address_of(path);
  if (!address) return std::unexpected(address.error());
  UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd.valid() || ::bind(fd.get(), address->get(), address->size) != 0 || ::listen(fd.get(), kBacklog) != 0)
    return refuse_errno();
  return fd;
}

Result<UniqueFd> connect_to(const std::string& path) {
  const auto address = address_of(path);
  if (!address) return std::unexpected(address.error());
  UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd.valid() || posix::retry([&] { return ::connect(fd.get(), address->get(), address->size); }) != 0)
    return refuse_errno();
  return fd;
}

}  // namespace microvm::standin
