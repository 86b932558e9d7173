// Tests of proc.
#include "cli/proc.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "tests/support/files.h"
#include "tests/support/temp_dir.h"

namespace microvm::cli {
namespace {

constexpr const char* kStat =
    "7 (a) b ) R 1 7 7 0 -1 4194560 1 0 0 0 250 50 0 0 20 0 1 0 12345 1000000 300 18446744073709551615 1 1\n";

TEST(Proc, FieldsBehindANameThatMayHoldAnything) {
  EXPECT_EQ(stat_field(kStat, 4), 1U);
  EXPECT_EQ(stat_field(kStat, 14), 250U);
  EXPECT_EQ(stat_field(kStat, 22), 12345U);
  EXPECT_EQ(stat_field(kStat, 90), std::nullopt);
  EXPECT_EQ(stat_field("nonsense", 4), std::nullopt);
}

TEST(Proc, OnlyOfTheProcessThatWasMeant) {
  const test::TempDir dir;
  test::make_dir(dir / "7");
  test::write_file(dir / "7/stat", kStat);
  const auto use = use_of({.pid = 7, .start_time = 12345}, dir.path());
  ASSERT_TRUE(use);
  EXPECT_EQ(use->cpu, std::chrono::seconds(300) / ::sysconf(_SC_CLK_TCK));
  EXPECT_EQ(use->rss_bytes, 300U * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE)));
  EXPECT_FALSE(use_of({.pid = 7, .start_time = 1}, dir.path()));
  EXPECT_FALSE(use_of({.pid = 8, .start_time = 12345}, dir.path()));
}

}  // namespace
}  // namespace microvm::cli
