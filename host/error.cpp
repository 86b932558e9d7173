// The names of error codes.
#include "microvm/error.h"

namespace microvm {

std::string_view code_name(ErrorCode code) noexcept {
  switch (code) {
    case ErrorCode::Invalid:
      return "invalid";
    case ErrorCode::Io:
      return "io";
    case ErrorCode::SocketMissing:
      return "socket_missing";
    case ErrorCode::Refused:
      return "refused";
    case ErrorCode::NotListening:
      return "not_listening";
    case ErrorCode::HandshakeTimeout:
      return "handshake_timeout";
    case ErrorCode::BadHandshake:
      return "bad_handshake";
    case ErrorCode::ReplyTimeout:
      return "reply_timeout";
    case ErrorCode::ConnectionLost:
      return "connection_lost";
    case ErrorCode::ReplyTooLong:
      return "reply_too_long";
    case ErrorCode::BadReply:
      return "bad_reply";
    case ErrorCode::IdMismatch:
      return "id_mismatch";
    case ErrorCode::Rejected:
      return "rejected";
    case ErrorCode::Unsupported:
      return "unsupported";
    case ErrorCode::Fault:
      return "fault";
    case ErrorCode::VmmDied:
      return "vmm_died";
    case ErrorCode::Missing:
      return "missing";
    case ErrorCode::Exists:
      return "exists";
    case ErrorCode::WrongState:
      return "wrong_state";
    case ErrorCode::Busy:
      return "busy";
  }
  return "unknown";
}

}  // namespace microvm
