// Eight bytes of a secret in a row give it away.
#include "host/metadata/reveals.h"

#include <gtest/gtest.h>

namespace microvm::metadata {
namespace {

TEST(Reveals, EightBytesInARow) {
  EXPECT_TRUE(reveals("bad value correct horse", "correct horse battery"));
  EXPECT_TRUE(reveals("\"...horse battery\"", "correct horse battery"));
  EXPECT_TRUE(reveals("12345678", "12345678"));
  EXPECT_TRUE(reveals(std::string_view("a\0\0\0\0\0\0\0\0b", 10), std::string_view("\0\0\0\0\0\0\0\0", 8)));
}

TEST(Reveals, NoFewer) {
  EXPECT_FALSE(reveals("correct", "correct horse battery"));
  EXPECT_FALSE(reveals("correct-horse", "correct horse battery"));
  EXPECT_FALSE(reveals("1234567", "12345678"));
  EXPECT_FALSE(reveals("12345678", "1234567"));
  EXPECT_FALSE(reveals("", "12345678"));
  EXPECT_FALSE(reveals("12345678", ""));
}

}  // namespace
}  // namespace microvm::metadata
