#include "host/monitor/scope.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

namespace microvm::monitor {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

std::uint32_t number_at(std::string_view bytes, std::size_t at) {
  std::uint32_t value = 0;
  for (unsigned i = 0; i < 4; ++i)
    value |= static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[at + i])) << (8 * i);
  return value;
}

// Against a reading of it by another D-Bus implementation: its lengths, and where its parts stand.
TEST(Scope, AsksInOneWellFormedMessage) {
  const std::array pids{123, 456};
  const std::string request = scope_request("web-1", pids, 1000);
  const std::string_view authentication("\0AUTH EXTERNAL 31303030\r\nBEGIN\r\n", 32);
  ASSERT_THAT(request, StartsWith(authentication));
  const std::string_view message = std::string_view(request).substr(authentication.size());
  EXPECT_EQ(message.substr(0, 4), std::string_view("l\1\0\1", 4));
  const std::uint32_t body = number_at(message, 4), fields = number_at(message, 12);
  const std::size_t head = (16 + fields + 7) / 8 * 8;
  ASSERT_EQ(head + body, message.size());
  EXPECT_EQ(number_at(message, head), std::string_view("microvm-web-1-123.scope").size());
  EXPECT_THAT(message, HasSubstr(std::string_view("PIDs\0\2au\0", 9)));
  const std::size_t list = message.find(std::string_view("\2au\0", 4)) + 4;
  const std::size_t at = (list - head + 3) / 4 * 4 + head;
  EXPECT_EQ(number_at(message, at), 8U);
  EXPECT_EQ(number_at(message, at + 4), 123U);
  EXPECT_EQ(number_at(message, at + 8), 456U);
}

}  // namespace
}  // namespace microvm::monitor
