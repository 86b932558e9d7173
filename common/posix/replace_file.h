// Making and replacing a file so that no reader sees a part of it and no crash leaves it torn.
#pragma once

#include <sys/types.h>

#include <expected>
#include <string_view>

#include "common/base/unique_fd.h"
#include "common/posix/hidden_name.h"

namespace microvm::posix {

inline constexpr std::string_view kTemporaryPrefix = ".microvm-tmp.";

/// Who may read a file that is made here. The caller's umask must be 0 for the mode to hold.
struct Access {
  mode_t mode = 0600;
  gid_t group = static_cast<gid_t>(-1);  ///< -1: the process's own
};

struct FileFault {
  const char* step = "";  ///< the step that failed, in words
  int sys_errno = 0;
  bool visible = false;  ///< the new content is in place, but may not survive a crash
};

/// Creates `name` exclusively and writes it; not synced yet. On failure it is gone again.
std::expected<UniqueFd, FileFault> create_file(int dir, const char* name, std::string_view content,
                                               const Access& access) noexcept;

/// Syncs a file or a directory.
std::expected<void, FileFault> sync(int fd, const char* step) noexcept;

/// Removes a file that was just made; where it cannot be unlinked it shall at least hold nothing.
void discard(int dir, const char* name, int fd) noexcept;

/// Writes `content` to a temporary in directory `dir`, syncs it, renames it over `name` and syncs the directory.
/// A symlink at `name` is replaced, not followed. On failure nothing is left behind.
std::expected<void, FileFault> replace_file(int dir, const char* name, std::string_view content, const Access& access,
                                            HiddenIds& ids) noexcept;

}  // namespace microvm::posix
