// A socket's path fits, or there is no address.
#include "common/posix/unix_address.h"

#include <gtest/gtest.h>

#include <string>

namespace microvm::posix {
namespace {

TEST(UnixAddress, TakesPathsUpToTheKernelsLimit) {
  for (const std::size_t size : {std::size_t{1}, kMaxSocketPath}) {
    const std::string path(size, 'p');
    const auto address = unix_address(path);
    ASSERT_TRUE(address);
    EXPECT_EQ(address->sun_family, AF_UNIX);
    EXPECT_EQ(std::string(address->sun_path), path);
  }
}

TEST(UnixAddress, RefusesWhatWouldBeAnotherPath) {
  EXPECT_FALSE(unix_address(""));
  EXPECT_FALSE(unix_address(std::string(kMaxSocketPath + 1, 'p')));
  EXPECT_FALSE(unix_address(std::string_view("/a\0b", 4)));
  EXPECT_FALSE(unix_address(std::string_view("\0abstract", 9)));
}

}  // namespace
}  // namespace microvm::posix
