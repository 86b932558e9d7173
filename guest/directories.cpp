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

bool is_regular(int dir, std::string_view name) noexcept {
  struct stat status;
  return ::fstatat(dir, name.data(), &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(status.st_mode);
}

Failure adopt(int dir, std::string_view path, const OwnEntries& own, const posix::Access& access) noexcept {
  struct stat status;
  if (::fstat(dir, &status) != 0) return failed("directory ", path, "examine it");
  Failure failure;
  if (status.st_uid != ::geteuid()) {
    failure.text << "directory " << path << " belongs to uid " << status.st_uid << ", it must belong to the daemon's";
    return failure;
  }
  if (has_access(status, access)) return {};

  DirectoryWalk walk(dir);
  if (!walk.valid()) return failed("directory ", path, "list it");
  for (std::string_view name = walk.next(); !name.empty(); name = walk.next()) {
    if (is_own(dir, name, own)) continue;
    failure.text << "directory " << path << " is not the daemon's own: it holds ";
    failure.text.quoted(name) << "; give it one that is new, empty or private to it already";
    return failure;
  }
  return give_access(dir, access) ? Failure{} : failed("directory ", path, "set its mode");
}

void sweep(int dir, std::string_view prefix) noexcept {
  DirectoryWalk walk(dir);
  if (!walk.valid()) return;
  for (std::string_view name = walk.next(); !name.empty(); name = walk.next()) {
    if (posix::HiddenName::matches(prefix, name) && is_regular(dir, name)) ::unlinkat(dir, name.data(), 0);
  }
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
  if (::stat(path_.c_str(), &status) == 0 && status.st_dev == device_ && status.st_ino == inode_) return {};
  Failure failure{FailureCode::Io, FixedText("state directory ")};
  failure.text << path_ << " is gone; restart the daemon";
  return failure;
}

Failure SecretsDirectory::refresh() noexcept {
  if (Failure failure = parent_.check()) return failure;
  return current() ? Failure{} : reopen();
}

bool SecretsDirectory::current() const noexcept {
  struct stat status;
  return fd_.valid() && ::fstatat(parent_.fd(), name_.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0 &&
         status.st_dev == device_ && status.st_ino == inode_;
}

Failure SecretsDirectory::reopen() noexcept {
  const bool made = ::mkdirat(parent_.fd(), name_.c_str(), kPrivate) == 0;
  if (!made && errno != EEXIST) return failed("directory ", path_, "make it");
  UniqueFd fd(::openat(parent_.fd(), name_.c_str(), kOpenDirectory));
  if (!fd.valid()) return failed("directory ", path_, "open it");
  const OwnEntries own{.names = {}, .prefixes = {kMarkerPrefix}, .secrets = true};
  if (Failure failure = adopt(fd.get(), path_, own, access_)) return failure;
  if (made && ::fsync(parent_.fd()) != 0) return failed("directory ", parent_.path(), "sync it");
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
