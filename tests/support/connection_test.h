// One connection of the daemon, driven by hand: a test decides what its stream brings and takes, and what time it is.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>

#include "guest/connection.h"
#include "tests/support/fake_stream.h"
#include "tests/support/workbench.h"

namespace microvm::test {

inline std::string ping(std::string_view id) { return R"({"op":"ping","id":")" + std::string(id) + "\"}\n"; }
inline std::string pong(std::string_view id) { return R"({"id":")" + std::string(id) + "\",\"ok\":true}\n"; }
inline std::string refusal(std::string_view id, std::string_view error) {
  return R"({"id":")" + std::string(id) + R"(","ok":false,"error":")" + std::string(error) + "\"}\n";
}

class ConnectionTest : public testing::Test {
 protected:
  using Connection = guest::Connection;
  using Wants = Connection::Wants;

  // Calls `ready` until only the client can move things on.
  Wants run(Connection& connection, FakeStream& stream) {
    for (;;) {
      const auto before = std::pair(stream.unread(), stream.output.size());
      const Wants wants = connection.ready(stream, now_);
      EXPECT_TRUE(bench_.is_clean());
      EXPECT_FALSE(stream.asked_for_nothing);
      if (wants == Wants::End || before == std::pair(stream.unread(), stream.output.size())) return wants;
    }
  }
  Wants run(std::string_view input = {}) {
    stream_.input += input;
    return run(connection_, stream_);
  }
  // What the client has received since it was asked last.
  std::string output() { return std::exchange(stream_.output, {}); }

  Workbench bench_;
  FakeStream stream_;
  Connection::Time now_{};
  Connection connection_{bench_.shared()};
};

}  // namespace microvm::test
