#include "host/monitor/exit_file.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "common/posix/replace_file.h"
#include "common/posix/retry.h"
#include "host/monitor/limits.h"
#include "host/monitor/names.h"

namespace microvm::monitor {
namespace {

constexpr const char* kReserved = ".exit.json.reserved";
// Each byte of a tail may be escaped.
constexpr off_t kMostBytes = 2 * 2 * kTailLines * kTailLineBytes + 4096;

}  // namespace

void ExitFile::reserve() noexcept {
  constexpr int kHow = O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC;
  fd_.reset(posix::retry([&] { return ::openat(state_.fd(), kReserved, kHow, 0600); }));
  if (fd_.valid() && ::fallocate(fd_.get(), 0, 0, kMostBytes) != 0) give_back();
}

bool ExitFile::write_reserved(std::string_view text) noexcept {
  if (!fd_.valid()) return false;
  const ssize_t n = posix::retry([&] { return ::pwrite(fd_.get(), text.data(), text.size(), 0); });
  return n == static_cast<ssize_t>(text.size()) && ::ftruncate(fd_.get(), n) == 0 &&
         posix::sync(fd_.get(), "sync").has_value() && ::renameat(state_.fd(), kReserved, state_.fd(), kExitFile) == 0;
}

int ExitFile::write(std::string_view text) noexcept {
  if (!write_reserved(text)) {
    give_back();
    return state_.replace_synced(kExitFile, text);
  }
  (void)posix::sync(state_.fd(), "sync");  // it is in place either way
  return 0;
}

void ExitFile::give_back() noexcept {
  if (fd_.valid()) state_.remove(kReserved);
  fd_.reset();
}

}  // namespace microvm::monitor
