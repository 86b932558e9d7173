#include "common/base/duration.h"

#include <gtest/gtest.h>

namespace microvm {
namespace {

using namespace std::chrono_literals;

TEST(Duration, IsANumberAndItsUnit) {
  EXPECT_EQ(parse_duration("500ms"), 500ms);
  EXPECT_EQ(parse_duration("10s"), 10s);
  EXPECT_EQ(parse_duration("2m"), 2min);
  EXPECT_EQ(parse_duration("0s"), 0s);
  EXPECT_EQ(parse_duration("86400s"), 24h);
  for (const char* bad :
       {"", "5", "s", "-1s", "+1s", " 1s", "1s ", "1.5s", "1h", "1 s", "86401s", "1441m", "99999999999s"})
    EXPECT_EQ(parse_duration(bad), std::nullopt) << bad;
}

TEST(Duration, IsWrittenAsItIsRead) {
  EXPECT_EQ(duration_text(0ms), "0s");
  EXPECT_EQ(duration_text(1500ms), "1500ms");
  EXPECT_EQ(duration_text(10s), "10s");
  EXPECT_EQ(duration_text(120s), "2m");
  for (const auto duration : {1ms, 999ms, 1000ms, 61'000ms, 3'600'000ms, 86'400'000ms})
    EXPECT_EQ(parse_duration(duration_text(duration)), duration);
}

}  // namespace
}  // namespace microvm
