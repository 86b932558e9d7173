// Tests of log_text.
#include "cli/log_text.h"

#include <gtest/gtest.h>

#include <fstream>

#include "tests/support/files.h"
#include "tests/support/temp_dir.h"

namespace microvm::cli {
namespace {

using test::write_file;

TEST(CriRecord, HasFourParts) {
  const auto full = parse_cri("2026-11-30T10:00:00.123456789Z stdout F a b ");
  ASSERT_TRUE(full);
  EXPECT_EQ(full->time, "2026-11-30T10:00:00.123456789Z");
  EXPECT_FALSE(full->partial);
  EXPECT_EQ(full->text, "a b ");
  EXPECT_TRUE(parse_cri("2026-11-30T10:00:00Z stdout P x")->partial);
  EXPECT_EQ(parse_cri("2026-11-30T10:00:00Z stdout F ")->text, "");
  EXPECT_EQ(parse_cri("2026-11-30T10:00:00Z stdout F")->text, "");
  for (const char* text :
       {"", "x", "2026-11-30T10:00:00Z stderr F x", "2026-11-30T10:00:00Z stdout X x", "now stdout F x"}) {
    EXPECT_FALSE(parse_cri(text)) << text;
  }
}

class LogTextTest : public testing::Test {
 protected:
  std::string all(LogText& log) {
    std::string text;
    for (;;) {
      const auto more = log.read(text);
      EXPECT_TRUE(more);
      if (!more || !*more) return text;
    }
  }
  void write(std::string_view content) { write_file(dir_ / "console.log", content); }

  test::TempDir dir_;
};

TEST_F(LogTextTest, ARecordComesOnceItIsWhole) {
  LogText log(dir_.path(), {});
  EXPECT_EQ(all(log), "");
  write("1Z stdout F one\n1Z std");
  EXPECT_EQ(all(log), "one\n");
  std::ofstream(dir_ / "console.log", std::ios::app) << "out P tw\n1Z stdout F o\n";
  EXPECT_EQ(all(log), "two\n");
}

TEST_F(LogTextTest, TimesStandBeforeLinesNotBeforeParts) {
  write("1Z stdout P a\n2Z stdout P b\n3Z stdout F c\n4Z stdout F d\n");
  LogText log(dir_.path(), {.timestamps = true});
  EXPECT_EQ(all(log), "1Z abc\n4Z d\n");
}

TEST_F(LogTextTest, AnEndlessRecordIsShownInPieces) {
  write(std::string(300'000, 'x'));
  LogText log(dir_.path(), {});
  const std::string text = all(log);
  EXPECT_GT(text.size(), 200'000U);
}

}  // namespace
}  // namespace microvm::cli
