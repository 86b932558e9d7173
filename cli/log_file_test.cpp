// Tests of log_file.
#include "cli/log_file.h"

#include <gtest/gtest.h>

#include <array>
#include <filesystem>
#include <fstream>

#include "tests/support/files.h"
#include "tests/support/temp_dir.h"

namespace microvm::cli {
namespace {

class LogFileTest : public testing::Test {
 protected:
  std::string all() {
    std::string text;
    std::array<char, 7> buffer{};
    for (;;) {
      const auto n = log_.read(buffer);
      EXPECT_TRUE(n);
      if (!n || *n == 0) return text;
      text.append(buffer.data(), *n);
    }
  }
  void append(std::string_view text) { std::ofstream(dir_ / "console.log", std::ios::app) << text; }
  void rotate() { std::filesystem::rename(dir_ / "console.log", dir_ / "console.log.1"); }

  test::TempDir dir_;
  LogFile log_{dir_.path(), "console.log"};
};

TEST_F(LogFileTest, BothHalvesInOrder) {
  EXPECT_EQ(all(), "");
  append("older ");
  rotate();
  append("newer");
  EXPECT_EQ(all(), "older newer");
  append(" more");
  EXPECT_EQ(all(), " more");
  EXPECT_FALSE(log_.lost());
}

TEST_F(LogFileTest, ARenamingWhileItIsRead) {
  append("one ");
  EXPECT_EQ(all(), "one ");
  append("late ");
  rotate();
  EXPECT_EQ(all(), "late ");
  append("two ");
  EXPECT_EQ(all(), "two ");
  rotate();
  append("three");
  EXPECT_EQ(all(), "three");
  EXPECT_FALSE(log_.lost());
}

TEST_F(LogFileTest, WhatWasRenamedAwayTwiceIsTold) {
  append("one ");
  EXPECT_EQ(all(), "one ");
  append("rest ");
  rotate();
  append("lost ");
  rotate();
  append("older ");
  rotate();
  append("newer");
  EXPECT_EQ(all(), "rest older newer");
  EXPECT_TRUE(log_.lost());
  EXPECT_FALSE(log_.lost());
}

TEST_F(LogFileTest, ALogThatIsGone) {
  append("one");
  EXPECT_EQ(all(), "one");
  std::filesystem::remove(dir_ / "console.log");
  EXPECT_EQ(all(), "");
}

TEST_F(LogFileTest, ALinkIsNoLog) {
  std::filesystem::create_symlink("/etc/passwd", dir_ / "console.log");
  std::array<char, 7> buffer{};
  EXPECT_FALSE(log_.read(buffer));
}

}  // namespace
}  // namespace microvm::cli
