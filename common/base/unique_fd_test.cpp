// A descriptor has one owner and is closed once.
#include "common/base/unique_fd.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <utility>

namespace microvm {
namespace {

int open_something() { return ::open("/dev/null", O_RDONLY | O_CLOEXEC); }
bool is_open(int fd) { return ::fcntl(fd, F_GETFD) != -1; }

TEST(UniqueFd, ClosesAtTheEnd) {
  const int fd = open_something();
  {
    const UniqueFd owner(fd);
    EXPECT_TRUE(owner.valid());
    EXPECT_EQ(owner.get(), fd);
    EXPECT_TRUE(is_open(fd));
  }
  EXPECT_FALSE(is_open(fd));
  EXPECT_FALSE(UniqueFd().valid());
}

TEST(UniqueFd, MovesItsDescriptor) {
  const int fd = open_something(), other = open_something();
  UniqueFd first(fd);
  UniqueFd second(std::move(first));
  EXPECT_FALSE(first.valid());  // NOLINT(bugprone-use-after-move): what a move leaves is promised
  EXPECT_EQ(second.get(), fd);
  UniqueFd third(other);
  third = std::move(second);
  EXPECT_FALSE(is_open(other));
  EXPECT_FALSE(second.valid());  // NOLINT(bugprone-use-after-move)
  EXPECT_EQ(third.get(), fd);
  EXPECT_TRUE(is_open(fd));
}

TEST(UniqueFd, SurvivesAMoveToItself) {
  UniqueFd owner(open_something());
  UniqueFd& same = owner;
  owner = std::move(same);
  EXPECT_TRUE(is_open(owner.get()));
}

TEST(UniqueFd, ReleasesAndResets) {
  const int fd = open_something();
  UniqueFd owner(fd);
  EXPECT_EQ(owner.release(), fd);
  EXPECT_FALSE(owner.valid());
  EXPECT_TRUE(is_open(fd));
  owner.reset(fd);
  const int other = open_something();
  owner.reset(other);
  EXPECT_FALSE(is_open(fd));
  owner.reset();
  EXPECT_FALSE(is_open(other));
}

}  // namespace
}  // namespace microvm
