// One try to reach a port of the guest: connect to the VMM's vsock socket, CONNECT, OK.
#pragma once

#include <sys/un.h>

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "common/base/deadline.h"
#include "common/base/unique_fd.h"
#include "microvm/error.h"

namespace microvm::vsock {

enum class OkLine { Partial, Complete, Bad };
inline constexpr std::size_t kMaxOkLine = 32;
/// What was read of the answer to CONNECT so far, its newline included: `OK <decimal>\n`, at most kMaxOkLine bytes.
OkLine judge_ok_line(std::string_view read) noexcept;

/// The stream is non-blocking and close-on-exec, and nothing behind the OK line was read from it. Errors say what
/// happened but not to which socket: the caller knows. `end_fd` becoming readable ends the wait with `ended()`.
Result<UniqueFd> handshake(const sockaddr_un& address, std::uint32_t port, Deadline deadline, int end_fd);

/// VmmDied.
Error ended();

}  // namespace microvm::vsock
