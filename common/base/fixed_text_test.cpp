// FixedText holds one line, cut where it must be, and shows nothing but plain text.
#include "common/base/fixed_text.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <cstring>
#include <limits>
#include <string>

namespace microvm {
namespace {

TEST(FixedText, AppendsTextAndNumbers) {
  FixedText text("limit ");
  text << std::uint64_t{0} << ", " << std::numeric_limits<std::uint64_t>::max() << " bytes";
  EXPECT_EQ(text.view(), "limit 0, 18446744073709551615 bytes");
  EXPECT_FALSE(text.empty());
  EXPECT_TRUE(FixedText().empty());
}

TEST(FixedText, CutsAtItsCapacity) {
  const std::string full(FixedText::kCapacity, 'x');
  EXPECT_EQ(FixedText(full).view(), full);
  EXPECT_EQ(FixedText(full + "y").view(), full);
  FixedText text(full.substr(1));
  text << "yz" << std::uint64_t{5};
  EXPECT_EQ(text.view(), full.substr(1) + "y");
  text.quoted("name").errno_text(ENOSPC);
  EXPECT_EQ(text.view(), full.substr(1) + "y");
}

// A path may hold any byte, but a log has one line for each event and a reply is UTF-8.
TEST(FixedText, ShowsOnlyPlainText) {
  FixedText text("/var/lib/\xc3\xa9\n\x1b[2J\x7f\xff~ !");
  EXPECT_EQ(text.view(),
            "/var/lib/???"
            "?[2J??~ !");
}

TEST(FixedText, QuotesNames) {
  EXPECT_EQ(FixedText("key ").quoted("A B~").view(), "key \"A B~\"");
  EXPECT_EQ(FixedText().quoted("").view(), "\"\"");
  EXPECT_EQ(FixedText().quoted(std::string_view("\0\n\xc3\xa9", 4)).view(), "\"????\"");
}

TEST(FixedText, CutsLongNames) {
  const std::string longest(FixedText::kMaxQuoted, 'k');
  EXPECT_EQ(FixedText().quoted(longest).view(), "\"" + longest + "\"");
  EXPECT_EQ(FixedText().quoted(longest + "k").view(), "\"" + longest + "...\"");
}

TEST(FixedText, TellsWhatErrnoMeans) {
  EXPECT_EQ(FixedText("x").errno_text(EACCES).view(), "x: " + std::string(std::strerror(EACCES)));
}

}  // namespace
}  // namespace microvm
