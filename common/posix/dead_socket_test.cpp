#include "common/posix/dead_socket.h"

#include <gtest/gtest.h>

#include "tests/support/files.h"
#include "tests/support/line_client.h"
#include "tests/support/temp_dir.h"

namespace microvm::posix {
namespace {

TEST(DeadSocket, IsRemovedAndNothingElse) {
  const test::TempDir dir;
  {
    const UniqueFd listener = test::listen_unix(dir / "dead");
  }
  remove_dead_socket(dir / "dead");
  EXPECT_FALSE(test::exists(dir / "dead"));

  const UniqueFd listener = test::listen_unix(dir / "alive");
  remove_dead_socket(dir / "alive");
  EXPECT_TRUE(test::exists(dir / "alive"));

  test::write_file(dir / "file", "");
  remove_dead_socket(dir / "file");
  EXPECT_TRUE(test::exists(dir / "file"));
  remove_dead_socket(dir / "nothing");
  remove_dead_socket("");
}

}  // namespace
}  // namespace microvm::posix
