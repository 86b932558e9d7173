// What the file system below the state directory promises.
#pragma once

#include <string_view>

namespace microvm::guest {

struct Filesystem {
  std::string_view type;  ///< "ext4", "tmpfs", …; "other" when it is not one of those
  bool durable = false;   ///< a file that is synced survives a crash: ext4, xfs, btrfs, f2fs
};

Filesystem filesystem_of(int fd) noexcept;

}  // namespace microvm::guest
