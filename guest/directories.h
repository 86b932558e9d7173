// The directories that the daemon keeps for itself: made, checked, held open.
#pragma once

#include <dirent.h>
#include <sys/stat.h>

#include <expected>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/unique_fd.h"
#include "common/posix/replace_file.h"
#include "guest/failures.h"

namespace microvm::guest {

// Hidden names of the daemon's own, each with 16 hex digits behind it; docs/protocol.md tells what they are for.
inline constexpr std::string_view kSetPrefix = ".microvm-set.";
inline constexpr std::string_view kPendingEnvPrefix = ".microvm-env.";
inline constexpr std::string_view kPendingEpochPrefix = ".microvm-epo.";
inline constexpr std::string_view kMarkerPrefix = ".microvm-txn.";
inline constexpr const char* kEpochFile = ".epoch";

/// Which entries of a directory are the daemon's own work. Temporaries always are.
struct OwnEntries {
  std::vector<std::string> names;
  std::span<const std::string_view> prefixes;  ///< of hidden names
  bool secrets = false;                        ///< regular files with the name of a secret
};

/// Walks a directory that is open as `dir`.
class DirectoryWalk {
 public:
  explicit DirectoryWalk(int dir) noexcept;
  /// The next name but "." and ".."; empty at the end, and where the walk breaks off.
  std::string_view next() noexcept;
  /// A failure when it could not begin or broke off: there may be more names.
  [[nodiscard]] Failure check(std::string_view path) const noexcept;

 private:
  struct Close {
    void operator()(DIR* stream) const noexcept { ::closedir(stream); }
  };
  std::unique_ptr<DIR, Close> stream_;
  int error_ = 0;
};

/// Whether `dir`, an open directory, can be the daemon's: it belongs to it and has the mode (and group) of `access`, or
/// may get it because it is empty or holds nothing but the daemon's own entries. Else the rule that is broken.
Failure examine(int dir, std::string_view path, const OwnEntries& own, const posix::Access& access) noexcept;

/// Makes it the daemon's; nothing was changed when it cannot be.
Failure adopt(int dir, std::string_view path, const OwnEntries& own, const posix::Access& access) noexcept;

/// Unlinks what a killed daemon left in `dir`: regular files of a hidden name with that prefix, nothing else.
Failure sweep(int dir, std::string_view path, std::string_view prefix) noexcept;

/// An existing directory, found once: the path is resolved at start and the descriptor held from then on.
class HeldDirectory {
 public:
  /// Makes what is missing of `path`: 0700 for the last part, 0755 above it.
  static std::expected<HeldDirectory, Failure> open(const std::string& path);

  [[nodiscard]] int fd() const noexcept { return fd_.get(); }
  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  /// A failure once the path no longer leads to this directory: removed, moved or replaced.
  [[nodiscard]] Failure check() const noexcept;

 private:
  HeldDirectory(UniqueFd fd, std::string path, const struct stat& status) noexcept
      : fd_(std::move(fd)), path_(std::move(path)), device_(status.st_dev), inode_(status.st_ino) {}

  UniqueFd fd_;
  std::string path_;
  dev_t device_;
  ino_t inode_;
};

/// The secrets directory: found again below its parent before each use, made again when it is gone.
class SecretsDirectory {
 public:
  SecretsDirectory(HeldDirectory parent, std::string name, const posix::Access& access) noexcept
      : parent_(std::move(parent)), name_(std::move(name)), path_(parent_.path() + "/" + name_), access_(access) {}

  /// Opens it unless what stands under the name is what is open already.
  Failure refresh() noexcept;
  /// Another directory stands under the name from now on.
  void exchanged(UniqueFd fd) noexcept;
  [[nodiscard]] int fd() const noexcept { return fd_.get(); }
  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  [[nodiscard]] const char* name() const noexcept { return name_.c_str(); }
  [[nodiscard]] const posix::Access& access() const noexcept { return access_; }
  [[nodiscard]] const HeldDirectory& parent() const noexcept { return parent_; }

 private:
  [[nodiscard]] bool current() const noexcept;
  Failure reopen() noexcept;

  HeldDirectory parent_;
  std::string name_;
  std::string path_;
  posix::Access access_;
  UniqueFd fd_;
  dev_t device_ = 0;
  ino_t inode_ = 0;
};

}  // namespace microvm::guest
