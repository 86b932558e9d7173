// Replacing a file: whole or not at all, whatever stands in the way.
#include "common/posix/replace_file.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <expected>
#include <map>
#include <string>

#include "common/base/unique_fd.h"
#include "tests/support/files.h"
#include "tests/support/own_mounts.h"
#include "tests/support/temp_dir.h"

namespace microvm::posix {
namespace {

using test::names_in;
using test::read_file;
using testing::ElementsAre;

constexpr std::uint64_t kSeed = 7;

class ReplaceFile : public testing::Test {
 protected:
  void SetUp() override {
    umask_ = ::umask(0);
    open_dir(O_RDONLY);
  }
  void TearDown() override { ::umask(umask_); }

  void open_dir(int how) {
    fd_.reset(::open(dir_.path().c_str(), how | O_DIRECTORY | O_CLOEXEC));
    ASSERT_TRUE(fd_.valid());
  }
  std::expected<void, FileFault> replace(std::string_view content, const Access& access = {}) {
    return replace_file(fd_.get(), "file", content, access, ids_);
  }
  // Everything in the folder; the folder's own times do change.
  std::map<std::string, std::string> files() {
    auto all = test::tree(dir_.path());
    all.erase(dir_.path());
    return all;
  }
  // The replacement fails at `step` and leaves the folder as it was.
  void expect_untouched(std::string_view content, std::string_view step, int error) {
    const auto before = files();
    const auto done = replace(content);
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().step, step);
    EXPECT_EQ(done.error().sys_errno, error) << std::strerror(done.error().sys_errno);
    EXPECT_FALSE(done.error().visible);
    EXPECT_EQ(files(), before);
  }

  test::TempDir dir_;
  UniqueFd fd_;
  HiddenIds ids_{kSeed};
  mode_t umask_ = 0;
  const std::string file_ = dir_ / "file";
};

TEST_F(ReplaceFile, HoldsExactlyTheContent) {
  std::string binary;
  for (int i = 0; i < 700 * 1024; ++i) binary += static_cast<char>(i % 251);
  for (const std::string& content : {std::string(), std::string("a"), binary, std::string("\0\n\r", 3)}) {
    ASSERT_TRUE(replace(content));
    ASSERT_EQ(read_file(file_), content);
    ASSERT_THAT(names_in(dir_.path()), ElementsAre("file"));
  }
}

TEST_F(ReplaceFile, HasTheModeAskedForFromTheStart) {
  test::write_file(file_, "old", 0666);
  for (const mode_t mode : {0600U, 0644U, 0400U, 0777U}) {
    ASSERT_TRUE(replace("new", {.mode = mode}));
    EXPECT_EQ(test::mode_of(file_), mode);
  }
}

TEST_F(ReplaceFile, HasTheGroupAskedFor) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root gives a file to any group";
  ASSERT_TRUE(replace("new", {.mode = 0640, .group = 12345}));
  EXPECT_EQ(test::stat_of(file_).st_gid, 12345U);
  EXPECT_EQ(test::mode_of(file_), 0640U);
}

TEST_F(ReplaceFile, AReaderOfTheOldFileKeepsIt) {
  ASSERT_TRUE(replace("old"));
  const UniqueFd old(::open(file_.c_str(), O_RDONLY | O_CLOEXEC));
  ASSERT_TRUE(replace("new!"));
  std::array<char, 8> content;
  EXPECT_EQ(::read(old.get(), content.data(), content.size()), 3);
  EXPECT_EQ(std::string_view(content.data(), 3), "old");
  EXPECT_EQ(read_file(file_), "new!");
}

TEST_F(ReplaceFile, ReplacesASymlinkRatherThanFollowIt) {
  test::write_file(dir_ / "target", "untouched", 0644);
  for (const char* target : {"target", "nowhere", "/"}) {
    ::unlink(file_.c_str());
    ASSERT_EQ(::symlink(target, file_.c_str()), 0);
    ASSERT_TRUE(replace("new"));
    EXPECT_TRUE(S_ISREG(test::stat_of(file_).st_mode));
    EXPECT_EQ(read_file(file_), "new");
  }
  EXPECT_EQ(read_file(dir_ / "target"), "untouched");
  EXPECT_THAT(names_in(dir_.path()), ElementsAre("file", "target"));
}

TEST_F(ReplaceFile, HardLinksOfTheOldFileKeepItsContent) {
  test::write_file(file_, "old");
  ASSERT_EQ(::link(file_.c_str(), (dir_ / "other").c_str()), 0);
  ASSERT_TRUE(replace("new"));
  EXPECT_EQ(read_file(dir_ / "other"), "old");
}

// ---- failures ----

// 64 KiB; nothing outlives this process.
struct SmallFileSystem {
  explicit SmallFileSystem(const char* place)
      : at(place), mounted(test::own_mounts() && ::mount("small", at, "tmpfs", 0, "size=64k") == 0) {}
  ~SmallFileSystem() { ::umount2(at, MNT_DETACH); }
  SmallFileSystem(const SmallFileSystem&) = delete;
  SmallFileSystem& operator=(const SmallFileSystem&) = delete;
  const char* at;
  bool mounted;
};

TEST_F(ReplaceFile, ADirectoryInTheWayStays) {
  test::make_dir(file_);
  expect_untouched("new", "rename the file", EISDIR);
}

TEST_F(ReplaceFile, ADirectoryThatIsGone) {
  ASSERT_EQ(::rmdir(dir_.path().c_str()), 0);
  const auto done = replace("new");
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().sys_errno, ENOENT);
  EXPECT_STREQ(done.error().step, "create the file");
}

TEST_F(ReplaceFile, AWriteThatFailsHalfwayLeavesTheOldFile) {
  ASSERT_TRUE(replace("old"));
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const rlimit small{64 * 1024, before.rlim_max};
  const auto handler = ::signal(SIGXFSZ, SIG_IGN);
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  expect_untouched(std::string(64 * 1024 + 1, 'x'), "write the file", EFBIG);
  EXPECT_TRUE(replace(std::string(64 * 1024, 'x')));
  ::setrlimit(RLIMIT_FSIZE, &before);
  ::signal(SIGXFSZ, handler);
}

TEST_F(ReplaceFile, AFullFileSystemLeavesTheOldFile) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root mounts a small file system";
  const SmallFileSystem here(dir_.path().c_str());
  ASSERT_TRUE(here.mounted);
  open_dir(O_RDONLY);
  ASSERT_TRUE(replace("old"));
  expect_untouched(std::string(100'000, 'x'), "write the file", ENOSPC);
  EXPECT_TRUE(replace(std::string(30'000, 'x')));
}

TEST_F(ReplaceFile, ContentThatMayNotLastIsTold) {
  open_dir(O_PATH);  // good for everything but the last sync
  const auto done = replace("new");
  ASSERT_FALSE(done);
  EXPECT_STREQ(done.error().step, "sync the directory");
  EXPECT_TRUE(done.error().visible);
  EXPECT_EQ(read_file(file_), "new");
  EXPECT_THAT(names_in(dir_.path()), ElementsAre("file"));
}

// ---- names of temporaries ----

std::string temporary(HiddenIds& ids) { return std::string(HiddenName(kTemporaryPrefix, ids.next()).view()); }

TEST_F(ReplaceFile, ATemporarysNameThatIsTakenIsLeftAlone) {
  HiddenIds same(kSeed);
  const std::string planted = temporary(same), link = temporary(same);
  test::write_file(dir_ / planted, "planted");
  ASSERT_EQ(::symlink("elsewhere", (dir_ / link).c_str()), 0);
  ASSERT_TRUE(replace("new"));
  EXPECT_EQ(read_file(file_), "new");
  EXPECT_EQ(read_file(dir_ / planted), "planted");
  EXPECT_FALSE(test::exists(dir_ / "elsewhere"));
  EXPECT_EQ(names_in(dir_.path()).size(), 3U);
}

TEST_F(ReplaceFile, GivesUpWhenEveryNameIsTaken) {
  HiddenIds same(kSeed);
  for (int i = 0; i < 100; ++i) test::write_file(dir_ / temporary(same), "planted");
  expect_untouched("new", "create the file", EEXIST);
}

// ---- a file that must be new ----

TEST_F(ReplaceFile, CreatesNothingOverAnything) {
  test::write_file(file_, "old");
  ASSERT_EQ(::symlink("elsewhere", (dir_ / "link").c_str()), 0);
  const auto before = files();
  for (const char* name : {"file", "link"}) {
    const auto made = create_file(fd_.get(), name, "new", {});
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().sys_errno, EEXIST);
  }
  EXPECT_EQ(files(), before);
  EXPECT_TRUE(create_file(fd_.get(), "other", "new", {.mode = 0604}));
  EXPECT_EQ(read_file(dir_ / "other"), "new");
  EXPECT_EQ(test::mode_of(dir_ / "other"), 0604U);
}

}  // namespace
}  // namespace microvm::posix
