// What a test mounts is seen by its own process and those that it starts, and goes with them.
#pragma once

namespace microvm::test {

/// Moves this process into a mount namespace of its own, from which nothing propagates; in a chroot too. False where it
/// may not (without CAP_SYS_ADMIN); throws std::system_error where it should have worked.
bool own_mounts();

}  // namespace microvm::test
