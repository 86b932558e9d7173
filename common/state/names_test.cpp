// Words and values of runtime_types.h: each way, and nothing else.
#include <gtest/gtest.h>

#include "microvm/runtime_types.h"

namespace microvm {
namespace {

template <class Value>
void expect_each_way(Value last, std::string_view (*name)(Value) noexcept,
                     std::optional<Value> (*from)(std::string_view) noexcept) {
  for (int i = 0; i <= static_cast<int>(last); ++i) {
    const auto value = static_cast<Value>(i);
    EXPECT_FALSE(name(value).empty()) << i;
    EXPECT_EQ(from(name(value)), value);
  }
  EXPECT_EQ(from(""), std::nullopt);
  EXPECT_EQ(from("Unknown"), std::nullopt);
}

TEST(RuntimeNames, GoEachWay) {
  expect_each_way(VmState::Failed, state_name, state_from);
  expect_each_way(ExitReason::HostRebooted, reason_name, reason_from);
  expect_each_way(Certainty::Certain, certainty_name, certainty_from);
  EXPECT_EQ(reason_name(ExitReason::GuestPanic), "guest_panic");
}

}  // namespace
}  // namespace microvm
