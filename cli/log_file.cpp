#include "cli/log_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <system_error>

#include "common/base/printable.h"
#include "common/posix/retry.h"

namespace microvm::cli {
namespace {

constexpr int kTries = 100;  // of a look at both files at one instant

std::unexpected<Error> fail(const std::string& path, int sys_errno) {
  return std::unexpected(
      Error{ErrorCode::Io, sys_errno,
            fmt::format("{}: {}", printable(path, 256), std::generic_category().message(sys_errno))});
}

// Not valid where there is no such file.
Result<UniqueFd> open_log(const std::string& path) {
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!fd.valid() && errno != ENOENT) return fail(path, errno);
  return fd;
}

std::optional<ino_t> inode_of(const UniqueFd& fd) {
  struct stat status{};
  return fd.valid() && ::fstat(fd.get(), &status) == 0 ? std::optional(status.st_ino) : std::nullopt;
}

std::optional<ino_t> inode_of(const std::string& path) {
  struct stat status{};
  return ::stat(path.c_str(), &status) == 0 ? std::optional(status.st_ino) : std::nullopt;
}

// Both, as they were at one instant: between two looks nothing was renamed.
struct Both {
  UniqueFd newer, older;
};

Result<Both> open_both(const std::string& newer, const std::string& older) {
  for (int tries = 0; tries < kTries; ++tries) {
    auto a = open_log(newer);
    if (!a) return std::unexpected(a.error());
    auto b = open_log(older);
    if (!b) return std::unexpected(b.error());
    if (inode_of(newer) == inode_of(*a)) return Both{.newer = std::move(*a), .older = std::move(*b)};
  }
  return fail(newer, EBUSY);
}

}  // namespace

Result<bool> LogFile::open_first() {
  auto both = open_both(newer_, older_);
  if (!both) return std::unexpected(both.error());
  file_ = both->older.valid() ? std::move(both->older) : std::move(both->newer);
  return file_.valid();
}

// The file behind the one that was read to its end; false when there is none.
Result<bool> LogFile::open_next() {
  const auto here = inode_of(file_);
  // The usual case, without opening anything: the file that grows.
  if (inode_of(newer_) == here) return false;
  auto both = open_both(newer_, older_);
  if (!both) return std::unexpected(both.error());
  const bool renamed_once = inode_of(both->older) == here;
  lost_ = lost_ || (!renamed_once && both->older.valid());
  UniqueFd& next = renamed_once || !both->older.valid() ? both->newer : both->older;
  if (!next.valid()) return false;
  file_ = std::move(next);
  return true;
}

Result<std::size_t> LogFile::read(std::span<char> into) {
  if (!file_.valid()) {
    const auto opened = open_first();
    if (!opened || !*opened) return opened ? Result<std::size_t>(0) : std::unexpected(opened.error());
  }
  // What was written between the last read and the renaming is read before the next file is.
  for (bool is_last = false;;) {
    const ssize_t n = posix::retry([&] { return ::read(file_.get(), into.data(), into.size()); });
    if (n < 0) return fail(newer_, errno);
    if (n > 0) return static_cast<std::size_t>(n);
    if (!is_last && inode_of(newer_) != inode_of(file_)) {
      is_last = true;
      continue;
    }
    if (!is_last) return 0;
    const auto next = open_next();
    if (!next) return std::unexpected(next.error());
    if (!*next) return 0;
    is_last = false;
  }
}

}  // namespace microvm::cli
