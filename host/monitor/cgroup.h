// A cgroup of the VM's own, where a cgroup2 hierarchy can be written.
#pragma once

#include <string>
#include <string_view>

#include "common/base/unique_fd.h"

namespace microvm::monitor {

/// The path of a cgroup that a VM could have below this process's own: no other one is ever called that while this host
/// is up. Empty where there is no cgroup2 hierarchy.
std::string cgroup_path(std::string_view id);

/// Makes it; not valid where it cannot be had.
UniqueFd make_cgroup(const std::string& path) noexcept;

/// Ends what is left in it, and removes it; false where it is still there.
bool remove_cgroup(const std::string& path) noexcept;

}  // namespace microvm::monitor
