// Replacing a file so that no reader sees a part of it and no crash leaves it torn.
#pragma once

#include <sys/types.h>

#include <array>
#include <cstdint>
#include <expected>
#include <string_view>

namespace microvm::posix {

/// Names of temporaries: a prefix and 16 lower-case hex digits, never any part of the target's name.
class TempNames {
 public:
  static constexpr std::string_view kPrefix = ".microvm-tmp.";
  static constexpr std::size_t kDigits = 16;
  using Name = std::array<char, kPrefix.size() + kDigits + 1>;

  /// Names start at random, so that two processes rarely meet; O_EXCL settles it when they do.
  explicit TempNames(std::uint64_t seed) noexcept : next_(seed) {}
  Name next() noexcept;

  static bool matches(std::string_view name) noexcept;

 private:
  std::uint64_t next_;
};

struct ReplaceFault {
  const char* step = "";  ///< the step that failed, in words
  int sys_errno = 0;
  bool visible = false;  ///< the new content is in place, but may not survive a crash
};

/// Writes `content` to a temporary in directory `dir`, created exclusively with `mode`, syncs it, renames it over
/// `name` and syncs the directory. A symlink at `name` is replaced, not followed. On failure nothing is left behind.
/// The caller's umask must be 0 for `mode` to hold.
std::expected<void, ReplaceFault> replace_file(int dir, const char* name, std::string_view content, mode_t mode,
                                               TempNames& names) noexcept;

}  // namespace microvm::posix
