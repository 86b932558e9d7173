// A file system that is really full, of bytes or of files, or read-only for a while: nothing is lost, and the same
// request works once there is room.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mount.h>

#include <cerrno>
#include <filesystem>
#include <functional>
#include <system_error>

#include "tests/faults/operations.h"
#include "tests/faults/state.h"
#include "tests/support/files.h"
#include "tests/support/own_mounts.h"

namespace microvm::faults {
namespace {

using testing::HasSubstr;

class SmallFileSystem : public testing::TestWithParam<Operation> {
 protected:
  void SetUp() override {
    if (!test::own_mounts()) GTEST_SKIP() << "needs CAP_SYS_ADMIN for a mount namespace of its own";
    test::make_dir(mounted_);
    ASSERT_EQ(::mount("faults", mounted_.c_str(), "tmpfs", 0, "size=256k,nr_inodes=64,mode=0700"), 0);
  }
  void TearDown() override { ::umount2(mounted_.c_str(), MNT_DETACH); }

  // Ends with the file system that has room for nothing more.
  void fill_bytes() {
    for (std::size_t size = 64 * 1024; size >= 4096;) {
      if (!add_filler(std::string(size, 'f'))) size /= 2;
    }
  }
  void fill_files() {
    while (add_filler("")) {
    }
  }
  void empty() { std::filesystem::remove_all(fillers_); }
  void remount(unsigned long flags) {
    if (::mount(nullptr, mounted_.c_str(), nullptr, MS_REMOUNT | flags, nullptr) != 0) {
      throw std::system_error(errno, std::generic_category(), "remount");
    }
  }

  struct Harm {
    std::function<void()> strike, heal;
    const char* code;  // of a refusal, where the reply has one
    bool must_refuse;  // what does not need what is missing may be done
  };

  // What is refused changes nothing and leaves nothing; what is not is done. Afterwards it is done at any rate.
  void check(const Harm& harm) {
    test::Daemon daemon(paths_);
    for (const std::string& request : GetParam().before) ASSERT_THAT(daemon.ask(request), HasSubstr(kOk));
    if (GetParam().prepare != nullptr) GetParam().prepare(paths_);
    const State old = read_state(paths_);
    harm.strike();
    const std::string reply = daemon.ask(GetParam().request);
    const bool refused = reply.find(kOk) == std::string::npos;
    SCOPED_TRACE(reply);
    EXPECT_TRUE(refused || !harm.must_refuse);
    if (refused) {
      EXPECT_EQ(read_state(paths_), old);
      EXPECT_THAT(reply, testing::AnyOf(HasSubstr(harm.code), testing::Not(HasSubstr("code"))));
    }
    const State between = read_state(paths_);
    EXPECT_THAT(daemon.ask("{\"op\":\"info\",\"id\":\"x\"}\n"), HasSubstr(kOk)) << "questions are answered";
    harm.heal();
    EXPECT_THAT(daemon.ask(GetParam().request), HasSubstr(kOk));
    EXPECT_NE(read_state(paths_), old);
    EXPECT_TRUE(refused || read_state(paths_) == between) << "what was acknowledged was not done";
    EXPECT_EQ(daemon.stop(), test::ExitStatus{.code = 0});
    EXPECT_FALSE(tells_a_value(daemon.log()));
  }

  static constexpr const char* kOk = R"("ok":true)";

 private:
  bool add_filler(const std::string& content) {
    std::filesystem::create_directory(fillers_);
    const std::string path = fillers_ + "/" + std::to_string(++count_);
    try {
      test::write_file(path, content);
    } catch (const std::system_error&) {
      std::filesystem::remove(path);
      return false;
    }
    return true;
  }

  test::TempDir dir_;
  const std::string mounted_ = dir_ / "fs";
  const std::string fillers_ = mounted_ + "/fillers";
  test::DaemonPaths paths_{mounted_};
  int count_ = 0;
};

TEST_P(SmallFileSystem, FullOfBytes) {
  check({.strike = [this] { fill_bytes(); },
         .heal = [this] { empty(); },
         .code = "no_space",
         .must_refuse = GetParam().request.find(base64(kNewMarker)) != std::string::npos ||
                        GetParam().request.find(kNewMarker) != std::string::npos});
}

TEST_P(SmallFileSystem, FullOfFiles) {
  const bool removes_only = GetParam().request.find("delete") != std::string::npos && !GetParam().leaves_retired_set;
  check({.strike = [this] { fill_files(); },
         .heal = [this] { empty(); },
         .code = "no_space",
         .must_refuse = !removes_only && !GetParam().finds_retired_set});
}

TEST_P(SmallFileSystem, ReadOnly) {
  if (GetParam().prepare != nullptr) GTEST_SKIP() << "a removed folder that is still open keeps the mount writable";
  check({.strike = [this] { remount(MS_RDONLY); }, .heal = [this] { remount(0); }, .code = "io", .must_refuse = true});
}

constexpr auto kName = [](const auto& info) { return info.param.name; };
INSTANTIATE_TEST_SUITE_P(Every, SmallFileSystem, testing::ValuesIn(changes()), kName);

}  // namespace
}  // namespace microvm::faults
