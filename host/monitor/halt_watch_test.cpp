// A guest that has said that it powers off: whether it stands still.
#include "host/monitor/halt_watch.h"

#include <gtest/gtest.h>

namespace microvm::monitor {
namespace {

TEST(HaltWatch, WantsTwoEqualLooks) {
  HaltWatch watch;
  EXPECT_FALSE(watch.due());
  watch.start();
  ASSERT_TRUE(watch.due());
  EXPECT_FALSE(watch.stands_still(100));
  EXPECT_FALSE(watch.stands_still(101));
  EXPECT_TRUE(watch.due());
  EXPECT_TRUE(watch.stands_still(101));
  EXPECT_FALSE(watch.due());
}

TEST(HaltWatch, AVmmWithoutThreadsForProcessorsStandsStill) {
  HaltWatch watch;
  watch.start();
  EXPECT_FALSE(watch.stands_still(std::nullopt));
  EXPECT_TRUE(watch.stands_still(std::nullopt));
}

}  // namespace
}  // namespace microvm::monitor
