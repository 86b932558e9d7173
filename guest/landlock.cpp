#include "guest/landlock.h"

#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>

#include "common/base/unique_fd.h"

namespace microvm::guest {
namespace {

// Before ABI 2 no file could be linked into another directory, which a transaction does.
constexpr long kOldestUsable = 2;
constexpr long kNewestKnown = 6;

// linux/landlock.h may be older than the kernel.
constexpr std::uint64_t kTruncate = 1U << 14;
constexpr std::uint64_t kIoctlDevice = 1U << 15;
struct Handled {
  std::uint64_t files;
  std::uint64_t network;
  std::uint64_t scopes;
};

constexpr Handled handled_by(long abi) noexcept {
  Handled handled{2 * LANDLOCK_ACCESS_FS_REFER - 1, 0, 0};
  if (abi >= 3) handled.files |= kTruncate;
  if (abi >= 4) handled.network = 3;  // bind and connect of TCP
  if (abi >= 5) handled.files |= kIoctlDevice;
  if (abi >= 6) handled.scopes = 3;  // abstract unix sockets and signals
  return handled;
}

constexpr std::uint64_t kFileWork = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | kTruncate |
                                    LANDLOCK_ACCESS_FS_READ_DIR | LANDLOCK_ACCESS_FS_MAKE_REG |
                                    LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE |
                                    LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REFER;

bool allow(const UniqueFd& rules, int directory, std::uint64_t access) noexcept {
  const landlock_path_beneath_attr below{access, directory};
  return ::syscall(SYS_landlock_add_rule, rules.get(), LANDLOCK_RULE_PATH_BENEATH, &below, 0) == 0;
}

}  // namespace

unsigned restrict_files(std::span<const int> directories, int removal_only) noexcept {
  const long abi =
      std::min(kNewestKnown, ::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION));
  if (abi < kOldestUsable) return 0;
  const Handled handled = handled_by(abi);
  const UniqueFd rules(static_cast<int>(::syscall(SYS_landlock_create_ruleset, &handled, sizeof handled, 0)));
  for (const int directory : directories) {
    if (!allow(rules, directory, kFileWork & handled.files)) return 0;
  }
  if (removal_only >= 0 && !allow(rules, removal_only, LANDLOCK_ACCESS_FS_REMOVE_FILE)) return 0;
  if (::syscall(SYS_landlock_restrict_self, rules.get(), 0) != 0) return 0;
  // Where one of the directories is the root nothing is kept away.
  const UniqueFd root(::open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return root.valid() ? 0 : static_cast<unsigned>(abi);
}

}  // namespace microvm::guest
