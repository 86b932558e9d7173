// Bytes keeps its content while it grows, and leaves nothing of it behind.
#include "common/base/bytes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "tests/support/freed_blocks.h"

namespace microvm {
namespace {

constexpr std::string_view kSecret = "a secret value that is not to be seen again";

Bytes bytes_of(std::string_view text) {
  Bytes bytes;
  EXPECT_TRUE(bytes.append(text));
  return bytes;
}

// What stands behind the content, within the room.
std::string_view behind(const Bytes& bytes) { return {bytes.data() + bytes.size(), bytes.capacity() - bytes.size()}; }

TEST(Bytes, StartEmptyAndWithoutRoom) {
  const Bytes bytes;
  EXPECT_TRUE(bytes.empty());
  EXPECT_EQ(bytes.capacity(), 0U);
  EXPECT_EQ(bytes.view(), "");
}

TEST(Bytes, GrowthKeepsTheContent) {
  Bytes bytes;
  std::string expected;
  for (std::size_t i = 0; i < 2000; ++i) {
    const std::string piece(i % 17, static_cast<char>('a' + i % 26));
    ASSERT_TRUE(bytes.append(piece));
    expected += piece;
    ASSERT_EQ(bytes.view(), expected);
    ASSERT_GE(bytes.capacity(), bytes.size());
  }
}

TEST(Bytes, ReserveNeverShrinksNorMovesWithoutNeed) {
  Bytes bytes = bytes_of(kSecret);
  ASSERT_TRUE(bytes.reserve(1000));
  const char* const before = bytes.data();
  ASSERT_TRUE(bytes.reserve(10));
  ASSERT_TRUE(bytes.append("more"));
  EXPECT_EQ(bytes.data(), before);
  EXPECT_EQ(bytes.capacity(), 1000U);
  EXPECT_EQ(bytes.view(), std::string(kSecret) + "more");
}

TEST(Bytes, GrewTakesWhatTheCallerWrote) {
  Bytes bytes = bytes_of("ab");
  ASSERT_TRUE(bytes.reserve(4));
  bytes.data()[2] = 'c';
  bytes.data()[3] = 'd';
  bytes.grew(2);
  EXPECT_EQ(bytes.view(), "abcd");
}

TEST(Bytes, ConsumeDropsTheFrontAndWipes) {
  for (std::size_t n = 0; n < kSecret.size() + 3; ++n) {
    Bytes bytes = bytes_of(kSecret);
    bytes.consume(n);
    ASSERT_EQ(bytes.view(), kSecret.substr(std::min(n, kSecret.size()))) << n;
    ASSERT_EQ(behind(bytes), std::string(bytes.capacity() - bytes.size(), '\0')) << n;
  }
}

TEST(Bytes, TruncateDropsTheEndAndWipes) {
  for (std::size_t n = 0; n < kSecret.size() + 3; ++n) {
    Bytes bytes = bytes_of(kSecret);
    bytes.truncate(n);
    ASSERT_EQ(bytes.view(), kSecret.substr(0, n)) << n;
    ASSERT_EQ(behind(bytes), std::string(bytes.capacity() - bytes.size(), '\0')) << n;
  }
}

TEST(Bytes, ClearKeepsTheRoomAndFreeGivesItBack) {
  Bytes bytes = bytes_of(kSecret);
  bytes.clear();
  EXPECT_TRUE(bytes.empty());
  EXPECT_EQ(behind(bytes), std::string(kSecret.size(), '\0'));
  bytes.free();
  EXPECT_EQ(bytes.capacity(), 0U);
  EXPECT_TRUE(bytes.append("again"));
  EXPECT_EQ(bytes.view(), "again");
}

TEST(Bytes, MoveLeavesNothing) {
  Bytes from = bytes_of(kSecret);
  const char* const place = from.data();
  Bytes to(std::move(from));
  EXPECT_EQ(to.data(), place);
  EXPECT_EQ(from.capacity(), 0U);  // NOLINT(bugprone-use-after-move): what a move leaves is promised
  from = bytes_of("other");
  from = std::move(to);
  EXPECT_EQ(from.view(), kSecret);
  EXPECT_EQ(to.capacity(), 0U);  // NOLINT(bugprone-use-after-move)
}

TEST(Bytes, NoBlockIsFreedWithContent) {
  const std::string big(1000, 'x');
  test::FreedBlocks freed(kSecret);
  {
    Bytes bytes = bytes_of(kSecret);
    ASSERT_TRUE(bytes.reserve(500));
    ASSERT_TRUE(bytes.append(big));
    bytes.consume(3);
    ASSERT_TRUE(bytes.append(kSecret));
    bytes = bytes_of(kSecret);
    bytes.free();
    bytes = bytes_of(kSecret);
  }
  EXPECT_GE(freed.seen(), 5U);
  EXPECT_EQ(freed.with_marker(), 0U);
}

TEST(Bytes, WipeTouchesNoByteBeside) {
  std::string text = "abcdef";
  wipe(text.data() + 2, 3);
  EXPECT_EQ(text, std::string_view("ab\0\0\0f", 6));
  wipe(nullptr, 0);
}

}  // namespace
}  // namespace microvm
