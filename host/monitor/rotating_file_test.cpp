// Two halves and a limit; disks that are full or gone.
#include "host/monitor/rotating_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "host/monitor/limits.h"
#include "tests/support/files.h"
#include "tests/support/own_mounts.h"
#include "tests/support/temp_dir.h"

namespace microvm::monitor {
namespace {

constexpr std::uint64_t kLimit = 64U << 10U;

class Rotating : public testing::Test {
 protected:
  void open(const std::string& path) { fd_.reset(::open(path.c_str(), O_DIRECTORY | O_RDONLY | O_CLOEXEC)); }
  RotatingFile file(RotatingFile::Content content = RotatingFile::Content::Records) {
    return {fd_.get(), "log", kLimit, content};
  }
  std::string text() { return test::read_file(dir_ / "log"); }
  std::string older() { return test::read_file(dir_ / "log.1"); }
  void SetUp() override { open(dir_.path()); }

  test::TempDir dir_;
  UniqueFd fd_;
};

TEST_F(Rotating, IsMadeWithTheFirstByte) {
  RotatingFile log = file();
  log.flush();
  EXPECT_TRUE(test::names_in(dir_.path()).empty());
  log.append("one\n");
  log.append("two\n");
  EXPECT_TRUE(test::names_in(dir_.path()).empty());
  log.flush();
  EXPECT_EQ(text(), "one\ntwo\n");
  EXPECT_EQ(test::mode_of(dir_ / "log"), 0600U);
}

TEST_F(Rotating, HasTheLastLinesWithinItsLimit) {
  RotatingFile log = file();
  std::string all;
  for (int i = 0; i < 20'000; ++i) {
    const std::string line = "line " + std::to_string(i) + "\n";
    all += line;
    log.append(line);
    if (i % 37 == 0) log.flush();
  }
  log.flush();
  const std::string held = older() + text();
  EXPECT_LE(held.size(), kLimit);
  EXPECT_GE(held.size(), kLimit / 2 - 100);
  EXPECT_TRUE(all.ends_with(held));
  EXPECT_TRUE(held.starts_with("line "));
  EXPECT_TRUE(older().ends_with('\n'));
  EXPECT_EQ(log.dropped(), 0U);
}

TEST_F(Rotating, ALineLongerThanAHalfIsCutBetweenThem) {
  RotatingFile log = file(RotatingFile::Content::Raw);
  const std::string line(kLimit * 3 / 4, 'x');
  log.append(line);
  log.flush();
  EXPECT_EQ(older().size(), kLimit / 2);
  EXPECT_EQ(text().size(), kLimit / 4);
}

TEST_F(Rotating, GoesOnBehindWhatIsThere) {
  test::write_file(dir_ / "log", "one\ntw");
  RotatingFile log = file();
  log.append("three\n");
  log.flush();
  EXPECT_EQ(text(), "one\ntw\nthree\n");
  test::write_file(dir_ / "log", "one\ntw");
  RotatingFile raw = file(RotatingFile::Content::Raw);
  raw.append("o\n");
  raw.flush();
  EXPECT_EQ(text(), "one\ntwo\n");
}

TEST_F(Rotating, FollowsNoLink) {
  ASSERT_EQ(::symlink("elsewhere", (dir_ / "log").c_str()), 0);
  RotatingFile log = file();
  log.append("one\n");
  log.flush();
  EXPECT_EQ(log.dropped(), 4U);
  EXPECT_FALSE(test::exists(dir_ / "elsewhere"));
}

TEST_F(Rotating, CountsWhatIsLostWhenTheDirectoryIsGone) {
  RotatingFile log = file();
  log.append("one\n");
  log.flush();
  std::filesystem::remove_all(dir_.path());
  const std::string line(1000, 'x');
  for (int i = 0; i < 1000; ++i) {
    log.append(line);
    log.flush();
  }
  EXPECT_GT(log.dropped(), 900'000U);
}

TEST_F(Rotating, AFullDiskCostsLinesAndNoTornOne) {
  if (!test::own_mounts()) GTEST_SKIP() << "needs CAP_SYS_ADMIN";
  ASSERT_EQ(::mount("none", dir_.path().c_str(), "tmpfs", 0, "size=20k,mode=700"), 0);
  open(dir_.path());
  RotatingFile log = file();
  std::string all;
  for (int i = 0; i < 3000; ++i) {
    const std::string line = "line " + std::to_string(i) + "\n";
    all += line;
    log.append(line);
    if (i % 100 == 99) log.flush();
  }
  const std::string held = text();
  EXPECT_TRUE(all.starts_with(held));
  EXPECT_TRUE(held.ends_with('\n'));
  EXPECT_EQ(held.size() + log.dropped(), all.size());
  EXPECT_GT(held.size(), 10'000U);
  ASSERT_EQ(::mount("none", dir_.path().c_str(), "tmpfs", MS_REMOUNT, "size=100k,mode=700"), 0);
  log.append("again\n");
  log.flush();
  EXPECT_EQ(text(), held + "again\n");
}

}  // namespace
}  // namespace microvm::monitor
