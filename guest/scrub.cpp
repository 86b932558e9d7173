#include "guest/scrub.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "common/posix/retry.h"

namespace microvm::guest {
namespace {

std::array<char, 64 * 1024> zeros;  // not const: it shall take no room in the program's file, nor in memory

bool overwrite(int fd, std::size_t size) noexcept {
  std::size_t at = 0;
  while (at < size) {
    const std::size_t n = std::min(size - at, zeros.size());
    const ssize_t written = posix::retry([&] { return ::pwrite(fd, zeros.data(), n, static_cast<off_t>(at)); });
    if (written <= 0) return false;
    at += static_cast<std::size_t>(written);
  }
  return true;
}

// The zeros reach the disk before the blocks are free; `lasting`: and its medium, which costs a flush.
bool write_out(int fd, bool lasting) noexcept {
  if (lasting) return posix::retry([&] { return ::fdatasync(fd); }) == 0;
  constexpr unsigned kAll = SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER;
  return ::sync_file_range(fd, 0, 0, kAll) == 0;
}

}  // namespace

UniqueFd Scrubber::open(int dir, const char* name, bool forced) noexcept {
  if (!enabled_ && !forced) return {};
  // O_NONBLOCK: a FIFO planted under the name must not hold the daemon up.
  UniqueFd fd(
      posix::retry([&] { return ::openat(dir, name, O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC); }));
  if (!fd.valid() && errno != ENOENT && errno != ELOOP && errno != ENXIO) ++failures_;
  return fd;
}

void Scrubber::later(UniqueFd fd, bool lasting) noexcept {
  if (!fd.valid()) return;
  if (!lasting) {
    ++failures_;
    return;
  }
  if (count_ == kMostUnscrubbed) run();
  waiting_[count_++] = std::move(fd);
}

void Scrubber::run() noexcept {
  for (std::size_t i = 0; i < count_; ++i) {
    now(waiting_[i], false);
    waiting_[i].reset();
  }
  count_ = 0;
}

void Scrubber::now(const UniqueFd& fd, bool forced) noexcept {
  if (!fd.valid()) return;
  struct stat status;
  if (::fstat(fd.get(), &status) != 0) {
    ++failures_;
    return;
  }
  if (!S_ISREG(status.st_mode) || status.st_nlink != 0 || status.st_size == 0) return;
  // The lease is refused while anybody else has the file open: they may read on undisturbed.
  const bool alone = forced || ::fcntl(fd.get(), F_SETLEASE, F_WRLCK) == 0;
  const bool done =
      alone && overwrite(fd.get(), static_cast<std::size_t>(status.st_size)) && write_out(fd.get(), forced);
  if (!done) ++failures_;
}

}  // namespace microvm::guest
