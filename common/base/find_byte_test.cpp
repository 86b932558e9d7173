// Finds what text.find() finds, in texts of every length around its blocks.
#include "common/base/find_byte.h"

#include <gtest/gtest.h>

#include <string>

namespace microvm {
namespace {

TEST(FindByte, FindsTheFirstOne) {
  for (std::size_t size = 0; size < 70; ++size) {
    std::string text(size, 'a');
    EXPECT_EQ(find_byte(text, 'x'), text.npos) << size;
    for (std::size_t at = size; at-- > 0;) {
      text[at] = 'x';
      EXPECT_EQ(find_byte(text, 'x'), at) << size;
    }
  }
}

TEST(FindByte, TakesAnyByte) {
  for (int byte = 0; byte < 256; ++byte) {
    const char wanted = static_cast<char>(byte);
    std::string text(40, static_cast<char>(byte ^ 0x80));
    EXPECT_EQ(find_byte(text, wanted), text.npos) << byte;
    text[21] = text[39] = wanted;
    EXPECT_EQ(find_byte(text, wanted), 21U) << byte;
  }
}

TEST(FindByte, LooksNoFurtherThanTheText) {
  const std::string text = "aaaaaaaaaaaaaaaaaaaax";
  EXPECT_EQ(find_byte(std::string_view(text).substr(0, 20), 'x'), text.npos);
}

}  // namespace
}  // namespace microvm
