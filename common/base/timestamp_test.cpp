#include "common/base/timestamp.h"

#include <gtest/gtest.h>

namespace microvm {
namespace {

using namespace std::chrono;
using namespace std::chrono_literals;

TEST(Timestamp, IsReadBackAsWritten) {
  for (const std::int64_t ms : {0LL, 1LL, 1'764'496'800'123LL, 4'102'444'799'999LL}) {
    const sys_time<milliseconds> when{milliseconds(ms)};
    EXPECT_EQ(parse_timestamp(timestamp_text(when)), when) << timestamp_text(when);
  }
  EXPECT_EQ(timestamp_text(sys_days(2026y / November / 30) + 10h + 1min + 2s + 3ms), "2026-11-30T10:01:02.003Z");
}

TEST(Timestamp, TakesOtherPartsOfASecond) {
  const sys_time<milliseconds> when = sys_days(2026y / November / 30) + 10h;
  EXPECT_EQ(parse_timestamp("2026-11-30T10:00:00Z"), when);
  EXPECT_EQ(parse_timestamp("2026-11-30T10:00:00.5Z"), when + 500ms);
  EXPECT_EQ(parse_timestamp("2026-11-30T10:00:00.123456789Z"), when + 123ms);
}

TEST(Timestamp, RefusesWhatIsNone) {
  for (const char* text :
       {"", "2026", "2026-11-30", "2026-11-30T10:00:00", "2026-11-31T10:00:00Z", "2026-11-30T24:00:00Z",
        "2026-11-30T10:00:00.Z", "2026-11-30T10:00:00.1234567890Z", "2026-11-30T10:00:00Zx", "2026-11-30T10:00:00.1xZ",
        "-026-11-30T10:00:00Z", "2026-11-30T10:00:00+01:00"})
    EXPECT_FALSE(parse_timestamp(text)) << text;
}

}  // namespace
}  // namespace microvm
