// The one error type of the project: a value, never an exception.
#pragma once

#include <expected>
#include <string>
#include <string_view>

namespace microvm {

/// Stable codes: callers may match on them, their spelling (`code_name`) is what `--output json` prints.
enum class ErrorCode {
  Invalid,           ///< the caller's input breaks a rule; nothing was sent or changed
  Io,                ///< a local system call failed; `sys_errno` says how
  SocketMissing,     ///< the VMM's socket file does not exist: no VMM, or not yet
  Refused,           ///< nothing accepts on the VMM's socket: a stale file of a dead VMM
  NotListening,      ///< the VMM answered, but nothing in the guest listens on the port
  HandshakeTimeout,  ///< CONNECT was not answered: guest driver not up, VM paused or hung
  BadHandshake,      ///< the peer answered CONNECT with something that is not `OK <port>`
  ReplyTimeout,      ///< the request was sent, its reply did not come in time; the outcome is unknown
  ConnectionLost,    ///< the connection ended before the reply; the outcome is unknown
  ReplyTooLong,      ///< the guest or the VMM sent more than a reply may hold
  BadReply,          ///< the reply is not what the protocol allows
  IdMismatch,        ///< the guest answered another request than the one in flight
  Rejected,          ///< the guest refused the request; the message holds its reason
  Unsupported,       ///< this version of the VMM does not know what was asked for; nothing was sent
  Fault,             ///< the VMM refused the request; `fault` says why, the message holds its text
  VmmDied,           ///< the VMM's process has ended; the message holds the end of its output
  Missing,           ///< there is no VM of that id
  Exists,            ///< there is one already
  WrongState,        ///< the VM's state does not allow what was asked
  Busy,              ///< another operation on the same VM was in the way until the deadline; the message names it
};

/// The code as the field knows it: `socket_missing`, `handshake_timeout`, …
std::string_view code_name(ErrorCode code) noexcept;

struct Error {
  ErrorCode code = ErrorCode::Invalid;
  int sys_errno = 0;    ///< errno of the failed system call, 0 where there is none
  std::string message;  ///< one line; names the object and what was expected of it, never a secret value
  /// Of Rejected, where the guest's daemon gives one: `conflict`, `invalid`, `too_large`, `busy`, `no_space`, `io`, or
  /// what a later daemon knows: lower-case letters and underscores.
  std::string guest_code{};
  /// Of Fault: a stable word for the VMM's text, as in docs/firecracker-api.md; `other` for one that has none.
  std::string fault{};
  /// Of an operation of the VMM whose outcome is unknown: the state it is in now, `Not started`, `Running` or `Paused`;
  /// empty when it does not say.
  std::string vm_state{};
  /// Of an operation that is made of steps: the one that failed.
  std::string step{};
};

template <class T>
using Result = std::expected<T, Error>;

}  // namespace microvm
