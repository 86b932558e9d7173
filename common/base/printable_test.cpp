// Nothing from outside reaches a terminal as more than plain text.
#include "common/base/printable.h"

#include <gtest/gtest.h>

namespace microvm {
namespace {

TEST(Printable, KeepsPlainTextAndReplacesTheRest) {
  EXPECT_EQ(printable("plain ~text!", 100), "plain ~text!");
  EXPECT_EQ(printable("a\nb\x1b[31mc\x7f\xc3\xa9", 100), "a?b?[31mc???");
  EXPECT_EQ(printable(std::string_view("\0", 1), 100), "?");
}

TEST(Printable, CutsAtTheLimit) {
  EXPECT_EQ(printable("12345", 5), "12345");
  EXPECT_EQ(printable("123456", 5), "12345...");
}

}  // namespace
}  // namespace microvm
