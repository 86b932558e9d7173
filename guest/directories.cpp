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

constexpr mode_t kPrivate = 0700;  // until `adopt` gives it its own
constexpr mode_t kShared = 0755;
constexpr gid_t kAnyGroup = static_cast<gid_t>(-1);
constexpr int kOpenDirectory = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;

bool is_regular(int dir, std::string_view name) noexcept {
  struct stat status;
  return ::fstatat(dir, name.data(), &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(status.st_mode);
}

bool is_own(int dir, std::string_view name, const OwnEntries& own) noexcept {
  if (posix::HiddenName::matches(posix::kTemporaryPrefix, name) && is_regular(dir, name)) return true;
  if (own.secrets && wire::secret_name_rule(name) == nullptr && is_regular(dir, name)) return true;
  const auto hidden = [name](std::string_view prefix) { return posix::HiddenName::matches(prefix, name); };
  return std::ranges::find(own.names, name) != own.names.end() || std::ranges::any_of(own.prefixes, hidden);
}

bool has_access(const struct stat& status, const posix::Access& access) noexcept {
  return (status.st_mode & 07777) == access.mode && (access.group == kAnyGroup || status.st_gid == access.group);
}

bool give_access(int dir, const posix::Access& access) noexcept {
  struct stat status;
  if (::fstat(dir, &status) == 0 && has_access(status, access)) return true;
  const bool owned = access.group == kAnyGroup || ::fchown(dir, static_cast<uid_t>(-1), access.group) == 0;
  return owned && ::fchmod(dir, access.mode) == 0;
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
  if (own.valid()) stream_.reset(::fdopendir(own.get()));
  if (!stream_) error_ = errno;
  if (stream_) (void)own.release();
}

std::string_view DirectoryWalk::next() noexcept {
  if (!stream_) return {};
  errno = 0;  // readdir() tells its end from an error by nothing else
  while (const dirent* entry = ::readdir(stream_.get())) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") return name;
  }
  error_ = errno;
  return {};
}

Failure DirectoryWalk::check(std::string_view path) const noexcept {
  errno = error_;
  return error_ == 0 ? Failure{} : failed("directory ", path, "list it");
}

Failure examine(int dir, std::string_view path, const OwnEntries& own, const posix::Access& access) noexcept {
  struct stat status;
  if (::fstat(dir, &status) != 0) return failed("directory ", path, "examine it");
  Failure failure;
  if (status.st_uid != ::geteuid()) {
    failure.text << "directory " << path << " belongs to uid " << status.st_uid << ", it must belong to the daemon's";
    return failure;
  }
  if (has_access(status, access)) return {};

  DirectoryWalk walk(dir);
  for (std::string_view name = walk.next(); !name.empty(); name = walk.next()) {
    if (is_own(dir, name, own)) continue;
    failure.text << "directory " << path << " is not the daemon's own: it holds ";
    failure.text.quoted(name) << "; give it one that is new, empty or private to it already";
    return failure;
  }
  return walk.check(path);
}

Failure adopt(int dir, std::string_view path, const OwnEntries& own, const posix::Access& access) noexcept {
  if (Failure failure = examine(dir, path, own, access)) return failure;
  return give_access(dir, access) ? Failure{} : failed("directory ", path, "set its mode");
}

Failure sweep(int dir, std::string_view path, std::string_view prefix) noexcept {
  DirectoryWalk walk(dir);
  for (std::string_view name = walk.next(); !name.empty(); name = walk.next()) {
    if (!posix::HiddenName::matches(prefix, name)) continue;
    struct stat status;
    const bool known = ::fstatat(dir, name.data(), &status, AT_SYMLINK_NOFOLLOW) == 0;
    const bool done = known && (!S_ISREG(status.st_mode) || ::unlinkat(dir, name.data(), 0) == 0);
    if (!done && errno != ENOENT) return failed("directory ", path, "sweep it");
  }
  return walk.check(path);
}

std::expected<HeldDirectory, Failure> HeldDirectory::open(const std::string& path) {
  if (!make_directories(path)) return std::unexpected(failed("directory ", path, "make it"));
  char resolved[PATH_MAX];
  if (::realpath(path.c_str(), resolved) == nullptr) return std::unexpected(failed("directory ", path, "resolve it"));
  UniqueFd fd(::open(resolved, kOpenDirectory));
  struct stat status;
  if (!fd.valid() || ::fstat(fd.get(), &status) != 0) return std::unexpected(failed("directory ", resolved, "open it"));
  return HeldDirectory(std::move(fd), resolved, status);
}

Failure HeldDirectory::check() const noexcept {
  struct stat status;
  const bool found = ::stat(path_.c_str(), &status) == 0;
  if (found && status.st_dev == device_ && status.st_ino == inode_) return {};
  if (!found && errno != ENOENT && errno != ENOTDIR) return failed("state directory ", path_, "find it");
  Failure failure{FailureCode::Io, FixedText("state directory ")};
  failure.text << path_ << " is gone; restart the daemon";
  return failure;
}

Failure SecretsDirectory::refresh() noexcept {
  if (current()) return {};
  Failure failure = parent_.check();
  return failure ? failure : reopen();
}

// By its whole path: then its parent is where it was, too.
bool SecretsDirectory::current() const noexcept {
  struct stat status;
  return fd_.valid() && ::lstat(path_.c_str(), &status) == 0 && status.st_dev == device_ && status.st_ino == inode_;
}

Failure SecretsDirectory::reopen() noexcept {
  if (::mkdirat(parent_.fd(), name_.c_str(), kPrivate) != 0 && errno != EEXIST) {
    return failed("directory ", path_, "make it");
  }
  UniqueFd fd(::openat(parent_.fd(), name_.c_str(), kOpenDirectory));
  if (!fd.valid()) return failed("directory ", path_, "open it");
  // Nothing is allocated: this also happens while memory is used up.
  const OwnEntries own{.names = {}, .prefixes = {&kMarkerPrefix, 1}, .secrets = true};
  if (Failure failure = adopt(fd.get(), path_, own, access_)) return failure;
  // Also one that was there: an earlier try may have made it and failed here.
  if (::fsync(parent_.fd()) != 0) return failed("directory ", parent_.path(), "sync it");
  exchanged(std::move(fd));
  return {};
}

void SecretsDirectory::exchanged(UniqueFd fd) noexcept {
  struct stat status{};
  (void)::fstat(fd.get(), &status);  // of an open descriptor: cannot fail
  fd_ = std::move(fd);
  device_ = status.st_dev;
  inode_ = status.st_ino;
}

}  // namespace microvm::guest
