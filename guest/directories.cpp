#include "guest/directories.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdlib>

#include "common/posix/replace_file.h"
#include "common/wire/rules.h"

namespace microvm::guest {
namespace {

constexpr mode_t kPrivate = 0700;
constexpr mode_t kShared = 0755;
constexpr int kOpenDirectory = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;

FixedText failed(std::string_view what, std::string_view path) noexcept {
  const int error = errno;
  FixedText text(what);
  text << " " << path;
  return text.errno_text(error);
}

bool is_regular(int dir, std::string_view name) noexcept {
  struct stat status;
  return ::fstatat(dir, name.data(), &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(status.st_mode);
}

bool is_own(int dir, std::string_view name, const OwnEntries& own) noexcept {
  if (posix::TempNames::matches(name) && is_regular(dir, name)) return true;
  if (own.secrets && wire::secret_name_rule(name) == nullptr && is_regular(dir, name)) return true;
  return std::ranges::find(own.names, name) != own.names.end();
}

// Makes `path` and what is missing above it; errno tells of the part that failed.
bool make_directories(std::string path) noexcept {
  for (std::size_t slash = path.find('/', 1); slash != path.npos; slash = path.find('/', slash + 1)) {
    path[slash] = '\0';
    const bool made = ::mkdir(path.c_str(), kShared) == 0 || errno == EEXIST;
    path[slash] = '/';
    if (!made) return false;
  }
  return ::mkdir(path.c_str(), kPrivate) == 0 || errno == EEXIST;
}

}  // namespace

DirectoryWalk::DirectoryWalk(int dir) noexcept {
  UniqueFd own(::openat(dir, ".", kOpenDirectory));
  if (!own.valid()) return;
  stream_.reset(::fdopendir(own.get()));
  if (stream_) (void)own.release();
}

std::string_view DirectoryWalk::next() noexcept {
  while (const dirent* entry = ::readdir(stream_.get())) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") return name;
  }
  return {};
}

FixedText adopt(int dir, std::string_view path, const OwnEntries& own) noexcept {
  struct stat status;
  if (::fstat(dir, &status) != 0) return failed("cannot examine directory", path);
  FixedText fault;
  if (status.st_uid != ::geteuid()) {
    return fault << "directory " << path << " belongs to uid " << status.st_uid << ", it must belong to the daemon's";
  }
  if ((status.st_mode & 07777) == kPrivate) return fault;

  DirectoryWalk walk(dir);
  if (!walk.valid()) return failed("cannot list directory", path);
  for (std::string_view name = walk.next(); !name.empty(); name = walk.next()) {
    if (is_own(dir, name, own)) continue;
    fault << "directory " << path << " is not the daemon's own: it holds ";
    return fault.quoted(name) << "; give it one that is new, empty or has mode 0700";
  }
  if (::fchmod(dir, kPrivate) != 0) return failed("cannot set mode 0700 on directory", path);
  return fault;
}

void sweep(int dir) noexcept {
  DirectoryWalk walk(dir);
  if (!walk.valid()) return;
  for (std::string_view name = walk.next(); !name.empty(); name = walk.next()) {
    if (posix::TempNames::matches(name) && is_regular(dir, name)) ::unlinkat(dir, name.data(), 0);
  }
}

std::expected<HeldDirectory, FixedText> HeldDirectory::open(const std::string& path) {
  if (!make_directories(path)) return std::unexpected(failed("cannot make directory", path));
  char resolved[PATH_MAX];
  if (::realpath(path.c_str(), resolved) == nullptr) return std::unexpected(failed("cannot resolve directory", path));
  UniqueFd fd(::open(resolved, kOpenDirectory));
  struct stat status;
  if (!fd.valid() || ::fstat(fd.get(), &status) != 0) return std::unexpected(failed("cannot open directory", resolved));
  return HeldDirectory(std::move(fd), resolved, status);
}

bool HeldDirectory::present() const noexcept {
  struct stat status;
  return ::stat(path_.c_str(), &status) == 0 && status.st_dev == device_ && status.st_ino == inode_;
}

FixedText SecretsDirectory::refresh() noexcept {
  if (current()) return {};
  if (!parent_.present()) {
    FixedText fault("state directory ");
    return fault << parent_.path() << " is gone; restart the daemon";
  }
  return reopen();
}

bool SecretsDirectory::current() const noexcept {
  struct stat status;
  return fd_.valid() && parent_.present() &&
         ::fstatat(parent_.fd(), name_.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0 && status.st_dev == device_ &&
         status.st_ino == inode_;
}

FixedText SecretsDirectory::reopen() noexcept {
  const bool made = ::mkdirat(parent_.fd(), name_.c_str(), kPrivate) == 0;
  if (!made && errno != EEXIST) return failed("cannot make directory", path_);
  if (made && ::fsync(parent_.fd()) != 0) return failed("cannot sync directory", parent_.path());
  UniqueFd fd(::openat(parent_.fd(), name_.c_str(), kOpenDirectory));
  struct stat status;
  if (!fd.valid() || ::fstat(fd.get(), &status) != 0) return failed("cannot open directory", path_);
  FixedText fault = adopt(fd.get(), path_, {.names = {}, .secrets = true});
  if (!fault.empty()) return fault;
  fd_ = std::move(fd);
  device_ = status.st_dev;
  inode_ = status.st_ino;
  return fault;
}

}  // namespace microvm::guest
