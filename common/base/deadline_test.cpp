// A deadline is one point in time, whatever is asked of it.
#include "common/base/deadline.h"

#include <gtest/gtest.h>

namespace microvm {
namespace {

using namespace std::chrono_literals;

TEST(Deadline, InThePast) {
  for (const Deadline deadline : {Deadline::after(0ns), Deadline::after(-1h), Deadline::at({})}) {
    EXPECT_TRUE(deadline.passed());
    EXPECT_EQ(deadline.left(), 0ns);
    EXPECT_EQ(deadline.poll_ms(), 0);
  }
}

TEST(Deadline, InTheFuture) {
  const Deadline deadline = Deadline::after(1h);
  EXPECT_FALSE(deadline.passed());
  EXPECT_LE(deadline.left(), 1h);
  EXPECT_GT(deadline.left(), 59min);
  EXPECT_EQ(Deadline::at(deadline.when()).when(), deadline.when());
}

TEST(Deadline, APollNeverEndsEarlyNorOverflows) {
  for (int i = 0; i < 1000; ++i) {
    const Deadline soon = Deadline::after(std::chrono::microseconds(i));
    const int ms = soon.poll_ms();
    ASSERT_TRUE(ms == 1 || soon.passed()) << ms;
  }
  EXPECT_EQ(Deadline::after(24h).poll_ms(), 1'000'000);
  EXPECT_EQ(Deadline::at(Deadline::Clock::time_point::max()).poll_ms(), 1'000'000);
}

TEST(Deadline, TheEarlierOfTwo) {
  const auto now = Deadline::Clock::now();
  const Deadline first = Deadline::at(now), second = Deadline::at(now + 1ns);
  EXPECT_EQ(first.earlier(second).when(), now);
  EXPECT_EQ(second.earlier(first).when(), now);
}

}  // namespace
}  // namespace microvm
