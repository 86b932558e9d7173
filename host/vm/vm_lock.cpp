#include "host/vm/vm_lock.h"

#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <thread>

#include "host/vm/files.h"

namespace microvm::vm {
namespace {

using namespace std::chrono_literals;

// flock(2) waits for ever or not at all. Operations take milliseconds, or seconds: then nobody is in a hurry.
constexpr std::chrono::nanoseconds kFirstLook = 200us, kLastLook = 20ms;

bool is_named(const UniqueFd& fd, const std::string& directory) {
  struct stat held{}, named{};
  return ::fstat(fd.get(), &held) == 0 && ::lstat(directory.c_str(), &named) == 0 && held.st_dev == named.st_dev &&
         held.st_ino == named.st_ino;
}

}  // namespace

Result<std::optional<VmLock>> VmLock::try_take(const std::string& directory) {
  for (;;) {
    auto fd = open_directory(directory);
    if (!fd && fd.error().sys_errno == ENOENT) {
      const std::string id = directory.substr(directory.rfind('/') + 1);
      return std::unexpected(Error{ErrorCode::Missing, ENOENT, fmt::format("VM {}: there is none of that id", id)});
    }
    if (!fd) return std::unexpected(std::move(fd.error()));
    if (::flock(fd->get(), LOCK_EX | LOCK_NB) == 0) {
      if (is_named(*fd, directory)) return VmLock(std::move(*fd));
    } else if (errno == EWOULDBLOCK) {
      return std::nullopt;
    } else if (errno != EINTR) {
      return io_error(directory, "lock");
    }
  }
}

Result<VmLock> VmLock::take(const std::string& directory, Deadline deadline) {
  for (auto look = kFirstLook;; look = std::min(2 * look, kLastLook)) {
    auto taken = try_take(directory);
    if (!taken) return std::unexpected(std::move(taken.error()));
    if (*taken) return std::move(**taken);
    if (deadline.passed())
      return std::unexpected(Error{ErrorCode::Busy, EWOULDBLOCK, "another operation is in the way"});
    std::this_thread::sleep_until(Deadline::after(look).earlier(deadline).when());
  }
}

}  // namespace microvm::vm
