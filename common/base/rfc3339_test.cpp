// Times as text.
#include "common/base/rfc3339.h"

#include <gtest/gtest.h>

namespace microvm {
namespace {

using namespace std::chrono;

TEST(TimeText, IsUtcWithTheDigitsAskedFor) {
  const TimeText::Nanoseconds when = sys_days(2026y / 11 / 30) + 10h + 9min + 8s + 123456789ns;
  EXPECT_EQ(TimeText(when, 9).view(), "2026-11-30T10:09:08.123456789Z");
  EXPECT_EQ(TimeText(when, 6).view(), "2026-11-30T10:09:08.123456Z");
  EXPECT_EQ(TimeText(when, 3).view(), "2026-11-30T10:09:08.123Z");
}

TEST(TimeText, KnowsLeapDaysAndWhatLiesBeforeTheEpoch) {
  EXPECT_EQ(TimeText(TimeText::Nanoseconds(0ns), 3).view(), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(TimeText(TimeText::Nanoseconds(-1ns), 9).view(), "1969-12-31T23:59:59.999999999Z");
  EXPECT_EQ(TimeText(sys_days(2028y / 2 / 29) + 23h + 59min + 59s, 3).view(), "2028-02-29T23:59:59.000Z");
}

}  // namespace
}  // namespace microvm
