// Hidden names: one pattern, and nothing else is taken for one.
#include "common/posix/hidden_name.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>

namespace microvm::posix {
namespace {

TEST(HiddenName, IsThePrefixAndSixteenDigits) {
  EXPECT_EQ(HiddenName(".tmp.", 0x0123456789abcdef).view(), ".tmp.0123456789abcdef");
  EXPECT_STREQ(HiddenName(".tmp.", 1).c_str(), ".tmp.0000000000000001");
  EXPECT_EQ(HiddenName("", std::numeric_limits<std::uint64_t>::max()).view(), "ffffffffffffffff");
  EXPECT_EQ(HiddenName().view(), "");
  const std::string longest(HiddenName::kMaxPrefix, 'p');
  EXPECT_EQ(HiddenName(longest, 0).view(), longest + "0000000000000000");
}

TEST(HiddenName, NothingElseMatches) {
  EXPECT_TRUE(HiddenName::matches(".tmp.", ".tmp.0123456789abcdef"));
  for (const char* name : {"", ".tmp.", ".tmp.0123456789abcde", ".tmp.0123456789abcdef0", ".tmp.0123456789abcdeF",
                           ".tmp.0123456789abcdeg", "tmp.0123456789abcdef0", ".tmp-0123456789abcdef",
                           ".env.0123456789abcdef", "x.tmp.0123456789abcde", ".tmp.0123456789abcde\n"}) {
    EXPECT_FALSE(HiddenName::matches(".tmp.", name)) << name;
  }
}

TEST(HiddenIds, DoNotRepeat) {
  HiddenIds ids(std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(ids.next(), std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(ids.next(), 0U);
  EXPECT_EQ(ids.next(), 1U);
}

}  // namespace
}  // namespace microvm::posix
