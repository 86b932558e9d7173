// Reaches a port of the guest through Firecracker's vsock socket, from before the VMM is there until it answers.
#pragma once

#include <cstdint>
#include <string_view>

#include "common/base/deadline.h"
#include "common/base/unique_fd.h"
#include "microvm/error.h"

namespace microvm::vsock {

/// A stream to the guest's `port`: non-blocking, close-on-exec, with nothing read behind the handshake.
///
/// While a VM starts, a missing or refused socket, an end of the stream before OK and silence all mean "not yet": each
/// is tried anew until `deadline`, which covers everything; the error is then that of the last failure. A port that
/// begins to listen is noticed within 5 ms. An answer that is no OK, and any other failed call, is an error at once; so
/// is `end_fd` becoming readable (VmmDied), such as the VMM's pidfd.
Result<UniqueFd> dial(std::string_view uds_path, std::uint32_t port, Deadline deadline, int end_fd = -1);

}  // namespace microvm::vsock
