// Durations as they are written.
#include "cli/duration.h"

#include <gtest/gtest.h>

namespace microvm::cli {
namespace {

using namespace std::chrono_literals;

TEST(Duration, HasAUnit) {
  EXPECT_EQ(parse_duration("500ms"), 500ms);
  EXPECT_EQ(parse_duration("10s"), 10s);
  EXPECT_EQ(parse_duration("2m"), 2min);
  EXPECT_EQ(parse_duration("1440m"), 24h);
  EXPECT_EQ(parse_duration("24h"), 24h);
}

TEST(Duration, NothingElseIsOne) {
  for (const char* text : {"", "10", "s", "0s", "-1s", "+1s", " 1s", "1 s", "1s ", "1.5s", "1d", "25h", "1441m",
                           "86400001ms", "4294967296ms", "99999999999999999999s", "1S"}) {
    EXPECT_EQ(parse_duration(text), std::nullopt) << text;
  }
}

TEST(Duration, SecondsAsPodmanHasThem) {
  EXPECT_EQ(parse_seconds("0"), 0ms);
  EXPECT_EQ(parse_seconds("10"), 10s);
  EXPECT_EQ(parse_seconds("500ms"), 500ms);
  for (const char* text : {"", "-1", "1.5", "86401", "x", "0x", "0s"}) {
    EXPECT_EQ(parse_seconds(text), std::nullopt) << text;
    EXPECT_NE(check_seconds(text), "");
  }
}

}  // namespace
}  // namespace microvm::cli
