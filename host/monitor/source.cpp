#include "host/monitor/source.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "common/posix/retry.h"

namespace microvm::monitor {

std::expected<Source, Failed> Source::fifo(const Directory& run, const char* name) noexcept {
  Source source;
  constexpr int kHow = O_RDWR | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC;
  source.fd_.reset(posix::retry([&] { return ::openat(run.fd(), name, kHow); }));
  struct stat info{};
  if (!source.fd_.valid() || ::fstat(source.fd_.get(), &info) != 0) return std::unexpected(Failed{"open", errno, name});
  if (!S_ISFIFO(info.st_mode)) return std::unexpected(Failed{"open", EINVAL, name});
  return source;
}

Source Source::file(std::string path) noexcept {
  Source source;
  source.path_ = std::move(path);
  if (source.open_file()) (void)::lseek(source.fd_.get(), 0, SEEK_END);
  return source;
}

bool Source::open_file() noexcept {
  if (fd_.valid()) return true;
  // A FIFO of somebody's own has a reader of its own.
  constexpr int kHow = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
  fd_.reset(posix::retry([&] { return ::open(path_.c_str(), kHow); }));
  struct stat info{};
  if (fd_.valid() && (::fstat(fd_.get(), &info) != 0 || !S_ISREG(info.st_mode))) fd_.reset();
  return fd_.valid();
}

std::string_view Source::read(std::span<char> room) noexcept {
  if (is_file() && !open_file()) return {};
  if (!fd_.valid()) return {};
  struct stat info{};
  if (is_file() && ::fstat(fd_.get(), &info) == 0 && info.st_size < ::lseek(fd_.get(), 0, SEEK_CUR))
    (void)::lseek(fd_.get(), 0, SEEK_SET);  // it was cut short
  const ssize_t n = posix::retry([&] { return ::read(fd_.get(), room.data(), room.size()); });
  return {room.data(), n > 0 ? static_cast<std::size_t>(n) : 0};
}

}  // namespace microvm::monitor
