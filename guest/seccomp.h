// The kernel answers ENOSYS to every system call that is not in guest/syscalls.h.
#pragma once

namespace microvm::guest {

/// For good. What comes after it may use the listed calls only. True if it holds.
bool filter_syscalls() noexcept;

}  // namespace microvm::guest
