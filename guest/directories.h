// The directories that the daemon keeps for itself: made, checked, held open.
#pragma once

#include <dirent.h>
#include <sys/stat.h>

#include <expected>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/fixed_text.h"
#include "common/base/unique_fd.h"

namespace microvm::guest {

/// Which entries of a directory are the daemon's own work. Temporaries always are.
struct OwnEntries {
  std::vector<std::string> names;
  bool secrets = false;  ///< regular files with the name of a secret
};

/// Walks a directory that is open as `dir`; null when that cannot be had (errno says why).
class DirectoryWalk {
 public:
  explicit DirectoryWalk(int dir) noexcept;
  [[nodiscard]] bool valid() const noexcept { return stream_ != nullptr; }
  /// The next name but "." and ".."; empty at the end.
  std::string_view next() noexcept;

 private:
  struct Close {
    void operator()(DIR* stream) const noexcept { ::closedir(stream); }
  };
  std::unique_ptr<DIR, Close> stream_;
};

/// Makes `dir` the daemon's: an open directory that belongs to it and has mode 0700, or gets it because it is empty or
/// holds nothing but the daemon's own entries. Else the rule that is broken; then nothing was changed.
FixedText adopt(int dir, std::string_view path, const OwnEntries& own) noexcept;

/// Unlinks temporaries that a killed daemon left in `dir`: regular files of that exact pattern, nothing else.
void sweep(int dir) noexcept;

/// An existing directory, found once: the path is resolved at start and the descriptor held from then on.
class HeldDirectory {
 public:
  /// Makes what is missing of `path`: 0700 for the last part, 0755 above it.
  static std::expected<HeldDirectory, FixedText> open(const std::string& path);

  [[nodiscard]] int fd() const noexcept { return fd_.get(); }
  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  /// False once the path no longer leads to this directory: removed, moved or replaced.
  [[nodiscard]] bool present() const noexcept;

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
  SecretsDirectory(HeldDirectory parent, std::string name) noexcept
      : parent_(std::move(parent)), name_(std::move(name)), path_(parent_.path() + "/" + name_) {}

  /// Opens it unless what stands under the name is what is open already.
  FixedText refresh() noexcept;
  [[nodiscard]] int fd() const noexcept { return fd_.get(); }
  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  [[nodiscard]] const HeldDirectory& parent() const noexcept { return parent_; }

 private:
  [[nodiscard]] bool current() const noexcept;
  FixedText reopen() noexcept;

  HeldDirectory parent_;
  std::string name_;
  std::string path_;
  UniqueFd fd_;
  dev_t device_ = 0;
  ino_t inode_ = 0;
};

}  // namespace microvm::guest
