// The files a daemon writes: modes, replacement in one step, what is planted in their way, limits.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <thread>

#include "tests/contract/daemon_test.h"

namespace microvm::contract {
namespace {
namespace fs = std::filesystem;

using testing::IsEmpty;

class Files : public DaemonTest {
 protected:
  void SetUp() override { start(); }
  [[nodiscard]] std::string secret(std::string_view name) const { return paths_.secrets_dir + "/" + std::string(name); }
  std::string ask(std::string_view request) { return daemon().ask(request); }
  void TearDown() override {
    if (test::exists(paths_.secrets_dir)) {
      EXPECT_THAT(temporaries(), IsEmpty());
    }
    DaemonTest::TearDown();
  }
};

void expect_modes(const DaemonPaths& paths, uid_t owner) {
  EXPECT_EQ(test::mode_of(paths.state_dir), 0700U);
  EXPECT_EQ(test::mode_of(paths.secrets_dir), 0700U);
  EXPECT_EQ(test::mode_of(paths.env_file), 0600U);
  EXPECT_EQ(test::mode_of(paths.secrets_dir + "/s"), 0600U);
  for (const std::string& path : {paths.state_dir, paths.secrets_dir, paths.env_file, paths.secrets_dir + "/s"}) {
    EXPECT_EQ(test::stat_of(path).st_uid, owner);
    EXPECT_EQ(test::stat_of(path).st_gid, ::getegid());
  }
}

TEST_F(Files, ModesAndOwner) {
  EXPECT_FALSE(test::exists(paths_.env_file)) << "the file is made by the first set_env";
  ASSERT_EQ(ask(set_env(R"({"A":"1"})")), kPong);
  ASSERT_EQ(ask(set_secret("s")), kPong);
  expect_modes(paths_, ::geteuid());
}

TEST_F(Files, UmaskHasNoEffect) {
  for (const mode_t mask : {0U, 0777U, 0022U}) {
    SCOPED_TRACE(mask);
    daemon_.reset();
    fs::remove_all(paths_.state_dir);
    start({}, {.umask = mask});
    ASSERT_EQ(ask(set_env(R"({"A":"1"})")), kPong);
    ASSERT_EQ(ask(set_env(R"({"A":"2"},"merge":true)")), kPong);
    ASSERT_EQ(ask(set_secret("s")), kPong);
    expect_modes(paths_, ::geteuid());
    fs::remove_all(paths_.secrets_dir);
    ASSERT_EQ(ask(set_secret("s")), kPong);
    expect_modes(paths_, ::geteuid());
  }
}

TEST_F(Files, ModesOfFilesThatWereThereAreSet) {
  test::write_file(paths_.env_file, "A=1\n", 0666);
  test::write_file(secret("s"), "old", 0644);
  ASSERT_EQ(ask(set_env(R"({"B":"1"},"merge":true)")), kPong);
  ASSERT_EQ(ask(set_secret("s")), kPong);
  EXPECT_EQ(test::read_file(paths_.env_file), "A=1\nB=1\n");
  expect_modes(paths_, ::geteuid());
}

TEST_F(Files, OldContentStaysInOpenFiles) {
  ASSERT_EQ(ask(set_secret("s", "b2xk")), kPong);
  const UniqueFd open(::open(secret("s").c_str(), O_RDONLY | O_CLOEXEC));
  const ino_t before = test::stat_of(secret("s")).st_ino;
  ASSERT_EQ(ask(set_secret("s")), kPong);
  EXPECT_NE(test::stat_of(secret("s")).st_ino, before);
  std::string old(16, '\0');
  EXPECT_EQ(::pread(open.get(), old.data(), old.size(), 0), 3);
  EXPECT_THAT(old, testing::StartsWith("old"));
}

TEST_F(Files, ReadersSeeOneContentOrTheOther) {
  const std::string a(90'000, 'A');
  const std::string b(270'000, '/');
  ASSERT_EQ(ask(set_secret("s", a)), kPong);
  std::atomic<bool> stop = false;
  std::jthread writer([&, client = daemon().client()]() mutable {
    for (int i = 0; i < 100; ++i) EXPECT_EQ(client.ask(set_secret("s", i % 2 == 0 ? b : a)), kPong);
    stop = true;
  });
  while (!stop) {
    const std::string seen = test::read_file(secret("s"));
    ASSERT_TRUE(seen == std::string(67'500, '\0') || seen == std::string(202'500, '\xff')) << seen.size();
  }
}

// ---- things planted in the way ----

TEST_F(Files, SymlinksAreReplacedNotFollowed) {
  const std::string target = dir_ / "target";
  test::write_file(target, "TARGET=1\n", 0640);
  fs::create_symlink(target, paths_.env_file);
  fs::create_symlink(target, secret("s"));
  fs::create_symlink(dir_ / "nowhere", secret("dangling"));
  ASSERT_EQ(ask(set_env(R"({"A":"1"})")), kPong);
  ASSERT_EQ(ask(set_secret("s")), kPong);
  ASSERT_EQ(ask(set_secret("dangling")), kPong);
  EXPECT_EQ(test::read_file(target), "TARGET=1\n");
  EXPECT_EQ(test::mode_of(target), 0640U);
  EXPECT_FALSE(test::exists(dir_ / "nowhere"));
  EXPECT_EQ(test::read_file(paths_.env_file), "A=1\n");
  EXPECT_EQ(test::read_file(secret("s")), "hunter2");
  EXPECT_EQ(test::read_file(secret("dangling")), "hunter2");
}

TEST_F(Files, MergeDoesNotReadThroughASymlink) {
  test::write_file(dir_ / "target", "TARGET=1\n");
  fs::create_symlink(dir_ / "target", paths_.env_file);
  ask(set_env(R"({"A":"1"},"merge":true)"));
  EXPECT_EQ(test::read_file(dir_ / "target"), "TARGET=1\n");
  if (!fs::is_symlink(paths_.env_file)) {
    EXPECT_EQ(test::read_file(paths_.env_file), "A=1\n");
  }
}

TEST_F(Files, HardLinksAreNotWrittenThrough) {
  test::write_file(dir_ / "target", "target");
  fs::create_hard_link(dir_ / "target", secret("s"));
  fs::create_hard_link(dir_ / "target", paths_.env_file);
  ASSERT_EQ(ask(set_secret("s")), kPong);
  ASSERT_EQ(ask(set_env(R"({"A":"1"})")), kPong);
  EXPECT_EQ(test::read_file(dir_ / "target"), "target");
}

TEST_F(Files, FifosAreReplacedNotOpened) {
  ASSERT_EQ(::mkfifo(paths_.env_file.c_str(), 0600), 0);
  ASSERT_EQ(::mkfifo(secret("s").c_str(), 0600), 0);
  ASSERT_EQ(ask(set_env(R"({"A":"1"},"merge":true)")), kPong);
  ASSERT_EQ(ask(set_secret("s")), kPong);
  EXPECT_EQ(test::read_file(paths_.env_file), "A=1\n");
  EXPECT_EQ(test::read_file(secret("s")), "hunter2");
}

TEST_F(Files, FoldersInTheWayAreNamed) {
  test::make_dir(paths_.env_file);
  test::make_dir(secret("s"));
  EXPECT_THAT(ask(set_env(R"({"A":"1"})")), IsError(paths_.env_file));
  EXPECT_THAT(ask(set_secret("s")), IsError("s"));
  EXPECT_THAT(temporaries(), IsEmpty());
  fs::remove(paths_.env_file);
  fs::remove(secret("s"));
  EXPECT_EQ(ask(set_env(R"({"A":"1"})")), kPong);
  EXPECT_EQ(ask(set_secret("s")), kPong);
}

// ---- directories that go away ----

TEST_F(Files, SecretsDirectoryIsMadeAgain) {
  ASSERT_EQ(ask(set_secret("before")), kPong);
  fs::remove_all(paths_.secrets_dir);
  ASSERT_EQ(ask(set_secret("s")), kPong);
  ASSERT_EQ(ask(set_env(R"({"A":"1"})")), kPong);
  expect_modes(paths_, ::geteuid());
  EXPECT_THAT(test::names_in(paths_.secrets_dir), testing::ElementsAre("s"));
}

TEST_F(Files, SecretsDirectoryThatWasMovedIsNotWrittenTo) {
  ASSERT_EQ(ask(set_secret("before")), kPong);
  fs::rename(paths_.secrets_dir, dir_ / "moved");
  ASSERT_EQ(ask(set_secret("s")), kPong);
  EXPECT_THAT(test::names_in(dir_ / "moved"), testing::ElementsAre("before"));
  EXPECT_EQ(test::read_file(secret("s")), "hunter2");
}

TEST_F(Files, SecretsDirectoryReplacedByASymlinkIsNotFollowed) {
  test::make_dir(dir_ / "elsewhere");
  fs::remove_all(paths_.secrets_dir);
  fs::create_symlink(dir_ / "elsewhere", paths_.secrets_dir);
  EXPECT_THAT(ask(set_secret("s")), IsError(paths_.secrets_dir));
  EXPECT_THAT(test::names_in(dir_ / "elsewhere"), IsEmpty());
  fs::remove(paths_.secrets_dir);
  EXPECT_EQ(ask(set_secret("s")), kPong);
}

TEST_F(Files, SecretsDirectoryReplacedByAForeignOneIsRefused) {
  fs::remove_all(paths_.secrets_dir);
  test::make_dir(paths_.secrets_dir, 0755);
  test::write_file(secret("foreign.pem"), "");
  const auto before = test::tree(paths_.secrets_dir);
  EXPECT_THAT(ask(set_secret("s")), IsError(paths_.secrets_dir));
  EXPECT_TRUE(test::tree(paths_.secrets_dir) == before);
  fs::remove_all(paths_.secrets_dir);
  EXPECT_EQ(ask(set_secret("s")), kPong);
}

TEST_F(Files, StateDirectoryThatIsGoneIsNamed) {
  fs::remove_all(paths_.state_dir);
  for (const std::string& request : {set_env(R"({"A":"1"})"), set_env(R"({"A":"1"},"merge":true)"), set_secret("s")}) {
    EXPECT_THAT(ask(request), IsError(paths_.state_dir));
  }
  EXPECT_EQ(ask(kPing), kPong);
  EXPECT_FALSE(test::exists(paths_.state_dir));
}

TEST_F(Files, StateDirectoryThatWasReplacedIsNamed) {
  fs::rename(paths_.state_dir, dir_ / "moved");
  const auto before = test::tree(dir_ / "moved");
  test::make_dir(paths_.state_dir);
  EXPECT_THAT(ask(set_env(R"({"A":"1"})")), IsError(paths_.state_dir));
  EXPECT_THAT(ask(set_secret("s")), IsError(paths_.state_dir));
  EXPECT_THAT(test::names_in(paths_.state_dir), IsEmpty());
  EXPECT_TRUE(test::tree(dir_ / "moved") == before);
}

// ---- limits ----

TEST_F(Files, SecretsHeld) {
  LineClient client = daemon().client();
  for (int i = 0; i < 1022; ++i) test::write_file(secret("s" + std::to_string(i)), "old");
  for (int i = 1022; i < 1024; ++i) ASSERT_EQ(client.ask(set_secret("s" + std::to_string(i))), kPong);
  EXPECT_THAT(client.ask(set_secret("one-more")), IsError("1024"));
  EXPECT_FALSE(test::exists(secret("one-more")));
  EXPECT_EQ(client.ask(set_secret("s1000", "bmV3")), kPong);
  EXPECT_EQ(test::read_file(secret("s1000")), "new");
  fs::remove(secret("s17"));
  EXPECT_EQ(client.ask(set_secret("one-more")), kPong);
  EXPECT_THAT(client.ask(set_secret("two-more")), IsError("1024"));
}

TEST_F(Files, MergedEnvFile) {
  const auto entry = [](const char* key, std::size_t size) {
    return "{\""s + key + "\":\"" + std::string(size, 'v') + "\"}";
  };
  ASSERT_EQ(ask(set_env(entry("A", 600'000))), kPong);
  const auto before = test::tree(paths_.state_dir);
  EXPECT_THAT(ask(set_env(entry("B", 600'000), R"(,"merge":true)")), IsError("1048576"));
  EXPECT_TRUE(test::tree(paths_.state_dir) == before);
  // Exactly the limit: both lines have three bytes beside the value.
  EXPECT_EQ(ask(set_env(entry("B", 1'048'576 - 600'003 - 3), R"(,"merge":true)")), kPong);
  EXPECT_EQ(test::stat_of(paths_.env_file).st_size, 1'048'576);
  EXPECT_THAT(ask(set_env(R"({"C":"1"})", R"(,"merge":true)")), IsError("1048576"));
  EXPECT_EQ(ask(set_env(R"({"A":"1"})", R"(,"merge":true)")), kPong);
}

TEST_F(Files, MergeIntoAFileThatIsTooLargeIsRefused) {
  test::write_file(paths_.env_file, "A=" + std::string(1'100'000, 'v') + "\n");
  const auto before = test::tree(paths_.state_dir);
  EXPECT_THAT(ask(set_env(R"({"A":""},"merge":true)")), IsError(paths_.env_file));
  EXPECT_TRUE(test::tree(paths_.state_dir) == before);
  EXPECT_EQ(ask(set_env("{}")), kPong);
}

}  // namespace
}  // namespace microvm::contract
