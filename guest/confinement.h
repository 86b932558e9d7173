// What the daemon gives up before it serves, so that whoever took it over would have its files and nothing else.
#pragma once

#include <sys/types.h>

#include <optional>
#include <span>
#include <string>

#include "common/base/fixed_text.h"

namespace microvm::guest {

/// What holds; docs/confinement.md says what each is.
struct Confinement {
  bool capabilities = false;
  bool no_new_privs = false;
  unsigned landlock = 0;  ///< the ABI in force, 0: none
  bool seccomp = false;

  /// The names of what does not hold, with commas; empty when all does.
  [[nodiscard]] FixedText missing() const noexcept;
};

/// Leaves every supplementary group, where that is allowed, but `group`. A fault when the process is no member then.
FixedText join_group(std::optional<gid_t> group);

/// Gives up, for good, what the work below `directories` and unlinking the file `socket` (may be empty) do not need.
Confinement confine(std::span<const int> directories, const std::string& socket);

}  // namespace microvm::guest
