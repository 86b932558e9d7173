// Out of the unit of whoever started the VM: systemd ends all processes of a unit that is stopped, and the VM is to go
// on.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "common/base/unique_fd.h"

namespace microvm::monitor {

/// Asks the systemd of this host, or of this user, to put the processes into a transient scope `microvm-<id>-<first
/// pid>.scope`. It is not waited for: while the descriptor stays open the request stands. Invalid where there is no
/// systemd to be asked.
UniqueFd ask_for_scope(std::string_view id, std::span<const int> pids) noexcept;

/// The bytes of that request (D-Bus Specification, "Message Protocol"), the authentication in front of them.
std::string scope_request(std::string_view id, std::span<const int> pids, unsigned uid);

}  // namespace microvm::monitor
