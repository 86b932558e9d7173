// The names of error codes are a contract.
#include "microvm/error.h"

#include <gtest/gtest.h>

namespace microvm {
namespace {

TEST(ErrorCodes, HaveTheirNames) {
  using enum ErrorCode;
  constexpr std::pair<ErrorCode, std::string_view> kNames[] = {
      {Invalid, "invalid"},
      {Io, "io"},
      {SocketMissing, "socket_missing"},
      {Refused, "refused"},
      {NotListening, "not_listening"},
      {HandshakeTimeout, "handshake_timeout"},
      {BadHandshake, "bad_handshake"},
      {ReplyTimeout, "reply_timeout"},
      {ConnectionLost, "connection_lost"},
      {ReplyTooLong, "reply_too_long"},
      {BadReply, "bad_reply"},
      {IdMismatch, "id_mismatch"},
      {Rejected, "rejected"},
      {Unsupported, "unsupported"},
      {Fault, "fault"},
      {VmmDied, "vmm_died"},
      {Missing, "missing"},
      {Exists, "exists"},
      {WrongState, "wrong_state"},
      {Busy, "busy"},
  };
  for (const auto& [code, name] : kNames) EXPECT_EQ(code_name(code), name);
}

}  // namespace
}  // namespace microvm
