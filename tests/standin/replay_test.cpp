// firecracker-qemu against recordings of Firecracker: what the folder MICROVM_GOLDEN_DIR holds, and the few kept here.
#include "tests/standin/replay.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>

namespace microvm::test {
namespace {

void expect_no_faults(const std::vector<Outcome>& outcomes, std::span<const Difference> known) {
  std::fputs(summary(outcomes).c_str(), stdout);
  for (const std::string& fault : faults(outcomes, known)) ADD_FAILURE() << fault;
}

TEST(Replay, WhatIsKeptHere) {
  const auto recordings = recordings_in(required_env("STANDIN_RECORDINGS"));
  ASSERT_FALSE(recordings.empty());
  expect_no_faults(play_all(recordings, Network::AsItIs), {});
}

TEST(Replay, Golden) {
  const char* dir = std::getenv("MICROVM_GOLDEN_DIR");
  if (dir == nullptr) GTEST_SKIP() << "MICROVM_GOLDEN_DIR names no folder with recordings of Firecracker";
  // The jailer is another program; the others tell how often a race went which way, or wait for minutes.
  constexpr std::string_view kNotPlayed[] = {"jailer", "exit_race", "metrics_timer"};
  expect_no_faults(play_all(recordings_in(dir, kNotPlayed), Network::Own), kDifferences);
}

TEST(Replay, TheTableIsHeldToBothWays) {
  const std::vector<Outcome> outcomes = {{"s", Outcome::Kind::Exchange, "1", "", "same", "same"},
                                         {"s", Outcome::Kind::Exchange, "2", "", "this", "that"}};
  constexpr Difference kRight[] = {{"s", "2", ""}};
  constexpr Difference kEqual[] = {{"s", "1", ""}, {"s", "2", ""}};
  constexpr Difference kEither[] = {{"s", "1", "", true}, {"s", "2", "", true}};
  EXPECT_THAT(faults(outcomes, kRight), testing::IsEmpty());
  EXPECT_THAT(faults(outcomes, kEither), testing::IsEmpty());
  EXPECT_THAT(faults(outcomes, {}), testing::ElementsAre(testing::HasSubstr("expected: this")));
  EXPECT_THAT(faults(outcomes, kEqual), testing::ElementsAre(testing::HasSubstr("s 1 is listed as different")));
}

}  // namespace
}  // namespace microvm::test
