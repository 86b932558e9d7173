// A file system without room, or read-only: refused, nothing lost, nothing left behind, and served again afterwards.
#include <sys/mount.h>

#include <filesystem>
#include <system_error>

#include "tests/contract/daemon_test.h"
#include "tests/support/own_mounts.h"

namespace microvm::contract {
namespace {
namespace fs = std::filesystem;

using testing::IsEmpty;

class SmallFileSystem : public DaemonTest {
 protected:
  void SetUp() override {
    if (!test::own_mounts()) GTEST_SKIP() << "needs CAP_SYS_ADMIN for a mount namespace of its own";
    test::make_dir(mount_);
    ASSERT_EQ(::mount("tmpfs", mount_.c_str(), "tmpfs", 0, "size=64k,mode=0700"), 0);
    paths_ = DaemonPaths(mount_);
    start();
  }
  void TearDown() override {
    DaemonTest::TearDown();
    daemon_.reset();
    ::umount2(mount_.c_str(), MNT_DETACH);
  }

  std::string mount_ = dir_ / "mount";
};

TEST_F(SmallFileSystem, FullThenRoomAgain) {
  const std::string small(4 * 4096, 'A');
  const std::string large(4 * 20'000, 'A');  // 60000 bytes: fits only when hardly anything else is there
  ASSERT_EQ(daemon().ask(set_secret("s", "b2xk")), kPong);
  ASSERT_EQ(daemon().ask(set_secret("filler", small)), kPong);
  ASSERT_EQ(daemon().ask(set_env(R"({"OLD":"1"})")), kPong);
  for (int i = 0; i < 3; ++i) {
    EXPECT_THAT(daemon().ask(set_secret("s", large)), IsError("No space left"));
    EXPECT_THAT(temporaries(), IsEmpty());
    EXPECT_EQ(test::read_file(paths_.secrets_dir + "/s"), "old");
    EXPECT_THAT(daemon().ask(set_env(R"({"NEW":")" + large + "\"}")), IsError("No space left"));
    EXPECT_THAT(temporaries(), IsEmpty());
    EXPECT_EQ(test::read_file(paths_.env_file), "OLD=1\n");
    EXPECT_EQ(daemon().ask(set_secret("little")), kPong) << "what fits is still served";
  }
  for (const char* name : {"filler", "little"}) fs::remove(paths_.secrets_dir + "/" + name);
  fs::remove(paths_.env_file);
  EXPECT_EQ(daemon().ask(set_secret("t", std::string(4 * 13'000, 'A'))), kPong);
  EXPECT_EQ(test::stat_of(paths_.secrets_dir + "/t").st_size, 39'000);
}

TEST_F(SmallFileSystem, FilledToTheLastByte) {
  int blocks = 0;
  EXPECT_THROW(
      {
        for (; blocks < 64; ++blocks) {
          test::write_file(mount_ + "/block" + std::to_string(blocks), std::string(4096, 'b'));
        }
      },
      std::system_error);
  EXPECT_THAT(daemon().ask(set_secret("s")), IsError("No space left"));
  EXPECT_THAT(temporaries(), IsEmpty());
  fs::remove(mount_ + "/block0");
  EXPECT_EQ(daemon().ask(set_secret("s")), kPong);
  EXPECT_THAT(temporaries(), IsEmpty());
}

TEST_F(SmallFileSystem, ReadOnlyThenWritable) {
  ASSERT_EQ(daemon().ask(set_secret("s", "b2xk")), kPong);
  ASSERT_EQ(::mount(nullptr, mount_.c_str(), nullptr, MS_REMOUNT | MS_RDONLY, nullptr), 0);
  EXPECT_THAT(daemon().ask(set_secret("s")), IsError("Read-only file system"));
  EXPECT_THAT(daemon().ask(set_env(R"({"A":"1"})")), IsError("Read-only file system"));
  EXPECT_EQ(daemon().ask(kPing), kPong);
  EXPECT_EQ(test::read_file(paths_.secrets_dir + "/s"), "old");
  ASSERT_EQ(::mount(nullptr, mount_.c_str(), nullptr, MS_REMOUNT, nullptr), 0);
  EXPECT_EQ(daemon().ask(set_secret("s")), kPong);
}

}  // namespace
}  // namespace microvm::contract
