// Which descriptor socket activation hands over.
#include "guest/listener.h"

#include <gtest/gtest.h>

namespace microvm::guest {
namespace {

constexpr std::int64_t kPid = 4711;

TEST(ActivatedDescriptor, IsTheThirdWhenExactlyOneIsMeantForUs) {
  const auto given = activated_descriptor("4711", "1", kPid);
  ASSERT_TRUE(given);
  EXPECT_EQ(*given, 3);
}

TEST(ActivatedDescriptor, IsNoneWhenNobodyOrAnotherProcessIsMeant) {
  for (const char* pid : {static_cast<const char*>(nullptr), "", "1", "04711", "4711 ", "471", "-4711"}) {
    const auto given = activated_descriptor(pid, "1", kPid);
    ASSERT_TRUE(given) << given.error().view();
    EXPECT_FALSE(*given);
  }
  const auto given = activated_descriptor("4711", nullptr, kPid);
  ASSERT_TRUE(given);
  EXPECT_FALSE(*given);
}

TEST(ActivatedDescriptor, AnyOtherNumberIsAnError) {
  for (const char* fds : {"", "0", "2", "01", "1 ", "-1", "one"}) {
    const auto given = activated_descriptor("4711", fds, kPid);
    ASSERT_FALSE(given) << fds;
    EXPECT_EQ(given.error().view(), "socket activation must pass exactly one descriptor (LISTEN_FDS=1)");
  }
}

}  // namespace
}  // namespace microvm::guest
