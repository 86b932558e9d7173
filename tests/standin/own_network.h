// What a test does to the network is seen by its own thread and the processes that it starts, and goes with them.
#pragma once

#include <initializer_list>

#include "common/base/unique_fd.h"

namespace microvm::test {

/// Moves this thread into a network of its own that has these TAPs. False where it may not (without CAP_NET_ADMIN);
/// throws std::system_error where it should have worked.
bool own_network(std::initializer_list<const char*> taps);

/// The TAP is busy for as long as this is open.
UniqueFd hold_tap(const char* name);

}  // namespace microvm::test
