// The two directories of a VM, as the monitor uses them.
#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "common/base/unique_fd.h"
#include "common/posix/hidden_name.h"

namespace microvm::monitor {

/// What could not be done: a word for the step, an errno, and the object in words.
struct Failed {
  const char* step = "";
  int sys_errno = 0;
  std::string what{};
};

class Draft;

class Directory {
 public:
  static std::expected<Directory, Failed> open(const std::string& path);

  [[nodiscard]] int fd() const noexcept { return fd_.get(); }
  /// 0 or an errno. Temporary and rename; nothing is left on failure.
  int replace(const char* name, std::string_view text) noexcept;
  /// The same and on the disk when it answers.
  int replace_synced(const char* name, std::string_view text) noexcept;
  /// A file's beginning; empty where there is none.
  [[nodiscard]] std::string read(const char* name, std::size_t most) const;
  /// A file's end.
  [[nodiscard]] std::string read_end(const char* name, std::size_t most) const;
  void remove(const char* name) const noexcept;

 private:
  explicit Directory(UniqueFd fd) noexcept;
  [[nodiscard]] std::string read_from(const char* name, bool end, std::size_t most) const;

  friend Draft;
  UniqueFd fd_;
  posix::HiddenIds ids_;
};

/// A file that is replaced once all of it is there. Nothing is left of one that is not committed.
class Draft {
 public:
  Draft(Directory& directory, const char* name) noexcept;
  ~Draft();
  Draft(const Draft&) = delete;
  Draft& operator=(const Draft&) = delete;

  void add(std::string_view text);
  /// 0 or an errno.
  int commit() noexcept;

 private:
  void flush() noexcept;

  Directory& directory_;
  const char* name_;
  posix::HiddenName temporary_;
  UniqueFd fd_;
  std::string kept_;
  int failed_ = 0;
};

}  // namespace microvm::monitor
