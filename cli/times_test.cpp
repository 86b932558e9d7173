// Tests of times.
#include "cli/times.h"

#include <gtest/gtest.h>

namespace microvm::cli {
namespace {

using namespace std::chrono_literals;

constexpr Timestamp kNow = std::chrono::sys_days(std::chrono::year(2026) / 11 / 30) + 10h;

TEST(Times, Rough) {
  EXPECT_EQ(rough(0ms), "less than a second");
  EXPECT_EQ(rough(-5s), "less than a second");
  EXPECT_EQ(rough(1999ms), "1 second");
  EXPECT_EQ(rough(59s), "59 seconds");
  EXPECT_EQ(rough(60s), "1 minute");
  EXPECT_EQ(rough(47h), "1 day");
  EXPECT_EQ(ago(kNow - 3h, kNow), "3 hours ago");
}

TEST(Times, WhatIsAPointInTime) {
  EXPECT_EQ(parse_when("10m", kNow), kNow - 10min);
  EXPECT_EQ(parse_when("2026-11-30", kNow), kNow - 10h);
  for (const char* text : {"2026-11-30T10:00:00Z", "2026-11-30 10:00:00", "2026-11-30T12:00:00+02:00",
                           "2026-11-30T04:30:00.000-05:30", "1796032800", "1796032800.0"}) {
    EXPECT_EQ(parse_when(text, kNow), kNow) << text;
  }
  EXPECT_EQ(parse_when("2026-11-30T10:00:00.123456789Z", kNow), kNow + 123ms);
  EXPECT_EQ(parse_when("2026-11-30T10:00:00.5Z", kNow), kNow + 500ms);
  EXPECT_EQ(parse_when("1796032800.25", kNow), kNow + 250ms);
  EXPECT_EQ(rfc3339(kNow + 7ms), "2026-11-30T10:00:00.007Z");
}

TEST(Times, WhatIsNone) {
  for (const char* text :
       {"", "x", "-1", "2026-13-01x", "2026-02-30", "2026-11-30T", "2026-11-30T10:00", "2026-11-30T24:00:00",
        "2026-11-30T10:00:00.", "2026-11-30T10:00:00Zx", "2026-11-30T10:00:00+2", "1796032800.", "99999999999999999999",
        "999999999999", "1e3", "10 m"}) {
    EXPECT_EQ(parse_when(text, kNow), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace microvm::cli
