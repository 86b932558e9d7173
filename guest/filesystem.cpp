#include "guest/filesystem.h"

#include <linux/magic.h>
#include <sys/vfs.h>

#include <array>
#include <cstdint>

namespace microvm::guest {
namespace {

struct Known {
  std::uint32_t magic;
  Filesystem filesystem;
};

constexpr std::uint32_t kXfsMagic = 0x58465342;  // "XFSB"; not in linux/magic.h before 5.19

constexpr std::array kKnown = {
    Known{EXT4_SUPER_MAGIC, {"ext4", true}},
    Known{kXfsMagic, {"xfs", true}},
    Known{BTRFS_SUPER_MAGIC, {"btrfs", true}},
    Known{F2FS_SUPER_MAGIC, {"f2fs", true}},
    Known{TMPFS_MAGIC, {"tmpfs", false}},
    Known{RAMFS_MAGIC, {"ramfs", false}},
    Known{OVERLAYFS_SUPER_MAGIC, {"overlay", false}},
};

}  // namespace

Filesystem filesystem_of(int fd) noexcept {
  struct statfs status{};
  if (::fstatfs(fd, &status) != 0) return {"other", false};
  for (const Known& known : kKnown) {
    if (known.magic == static_cast<std::uint32_t>(status.f_type)) return known.filesystem;
  }
  return {"other", false};
}

}  // namespace microvm::guest
