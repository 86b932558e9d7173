// Start-up: which directories a daemon takes for its own, what it sweeps, and that it has them alone.
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "tests/contract/daemon_test.h"

namespace microvm::contract {
namespace {
namespace fs = std::filesystem;

using testing::ElementsAre;
using testing::HasSubstr;

constexpr const char* kTemporary = ".microvm-tmp.0123456789abcdef";

class Directories : public DaemonTest {
 protected:
  // It does not start, says why in one line that holds `text`, and nothing below the folder changed.
  void expect_refused(const std::string& text, const std::vector<std::string>& flags = {}, ProcessSpec how = {}) {
    const auto before = test::tree(dir_.path());
    const test::Finished refused = run_to_end(flags, std::move(how));
    EXPECT_EQ(refused.status, ExitStatus{.code = 1});
    EXPECT_THAT(refused.err, HasSubstr(text));
    EXPECT_THAT(refused.err, testing::Not(HasSubstr("usage")));
    expect_clean_log(refused.err);
    EXPECT_TRUE(test::tree(dir_.path()) == before) << "something was changed";
  }
  void expect_taken() {
    start();
    EXPECT_EQ(test::mode_of(paths_.state_dir), 0700U);
    EXPECT_EQ(test::mode_of(paths_.secrets_dir), 0700U);
    EXPECT_EQ(daemon().ask(set_secret("new")), kPong);
    EXPECT_EQ(daemon().ask(set_env(R"({"NEW":"1"})")), kPong);
  }
};

TEST_F(Directories, AreMadeWithTheirParents) {
  paths_ = DaemonPaths(dir_ / "deep/er");
  paths_.socket = dir_ / "socket";
  expect_taken();
}

TEST_F(Directories, MayBeRelative) {
  test::make_dir(dir_ / "work");
  paths_.env_file = "env";
  paths_.secrets_dir = "secrets";
  start({}, {.cwd = dir_ / "work"});
  EXPECT_EQ(daemon().ask(set_env(R"({"A":"1"})")), kPong);
  EXPECT_EQ(daemon().ask(set_secret("s")), kPong);
  EXPECT_EQ(test::read_file(dir_ / "work/env"), "A=1\n");
  EXPECT_EQ(test::read_file(dir_ / "work/secrets/s"), "hunter2");
  EXPECT_EQ(daemon().stop(), ExitStatus{.code = 0});
}

TEST_F(Directories, MayBeReachedThroughASymlink) {
  test::make_dir(dir_ / "run", 0755);
  fs::create_symlink("run", dir_ / "var");  // as /var/run
  paths_ = DaemonPaths(dir_ / "var");
  expect_taken();
  EXPECT_EQ(test::read_file(dir_ / "run/state/env"), "NEW=1\n");
}

TEST_F(Directories, SecretsMayBeElsewhere) {
  paths_.secrets_dir = dir_ / "other/secrets";
  expect_taken();
  EXPECT_THAT(test::names_in(paths_.state_dir), ElementsAre("env"));
}

TEST_F(Directories, SlashBehindTheSecretsDirectory) {
  paths_.secrets_dir += "//";
  expect_taken();
}

TEST_F(Directories, EmptyOnesAreTaken) {
  test::make_dir(paths_.state_dir, 0755);
  test::make_dir(paths_.secrets_dir, 0777);
  expect_taken();
}

TEST_F(Directories, OnesWithTheDaemonsOwnWorkAreTaken) {
  test::make_dir(paths_.state_dir, 0755);
  test::make_dir(paths_.secrets_dir, 0750);
  test::write_file(paths_.env_file, "A=1\n");
  test::write_file(paths_.state_dir + "/.epoch", "1");
  test::write_file(paths_.state_dir + "/" + kTemporary, "hunter2");
  test::write_file(paths_.secrets_dir + "/tls_key-1", "kept");
  test::write_file(paths_.secrets_dir + "/" + kTemporary, "hunter2");
  paths_.socket = paths_.state_dir + "/socket";
  test::listen_unix(paths_.socket);  // and gone: a stale file stays
  expect_taken();
  EXPECT_THAT(test::names_in(paths_.state_dir), ElementsAre(".epoch", "env", "secrets", "socket"));
  EXPECT_THAT(test::names_in(paths_.secrets_dir), ElementsAre("new", "tls_key-1"));
}

TEST_F(Directories, PrivateOnesAreTakenWhateverTheyHold) {
  test::make_dir(paths_.state_dir, 0700);
  test::make_dir(paths_.secrets_dir, 0700);
  test::write_file(paths_.state_dir + "/foreign.txt", "kept");
  test::write_file(paths_.secrets_dir + "/foreign.txt", "kept");
  expect_taken();
  EXPECT_EQ(test::read_file(paths_.state_dir + "/foreign.txt"), "kept");
  EXPECT_EQ(test::read_file(paths_.secrets_dir + "/foreign.txt"), "kept");
}

TEST_F(Directories, ContentSurvivesARestart) {
  start();
  ASSERT_EQ(daemon().ask(set_env(R"({"A":"1"})")), kPong);
  ASSERT_EQ(daemon().ask(set_secret("s")), kPong);
  EXPECT_EQ(daemon().stop(), ExitStatus{.code = 0});
  const auto before = test::tree(paths_.state_dir);
  start();
  EXPECT_TRUE(test::tree(paths_.state_dir) == before);
  EXPECT_EQ(daemon().ask(set_env(R"({"B":"2"},"merge":true)")), kPong);
  EXPECT_EQ(test::read_file(paths_.env_file), "A=1\nB=2\n");
}

// ---- refused, and left as they are ----

TEST_F(Directories, ForeignStateDirectory) {
  for (const char* foreign : {"passwd", "env.bak", "secrets2", ".hidden", ".microvm-tmp.XYZ",
                              ".microvm-tmp.0123456789ABCDEF", ".microvm-tmp.0123456789abcdef0", "socket"}) {
    SCOPED_TRACE(foreign);
    test::make_dir(paths_.state_dir, 0755);
    test::write_file(paths_.state_dir + "/" + foreign, "");
    expect_refused(paths_.state_dir);
    fs::remove_all(paths_.state_dir);
  }
}

TEST_F(Directories, ForeignStateDirectoryWithSecretsElsewhere) {
  test::make_dir(paths_.state_dir, 0755);
  test::write_file(paths_.state_dir + "/passwd", "");
  paths_.secrets_dir = dir_ / "run/secrets";
  expect_refused(paths_.state_dir);
}

TEST_F(Directories, ForeignSecretsDirectory) {
  test::make_dir(paths_.state_dir, 0755);
  test::make_dir(paths_.secrets_dir, 0755);
  for (const char* foreign : {"key.pem", ".hidden", ".epoch", "a b", ".microvm-tmp.XYZ"}) {
    SCOPED_TRACE(foreign);
    test::write_file(paths_.secrets_dir + "/" + foreign, "");
    expect_refused(paths_.secrets_dir);
    fs::remove(paths_.secrets_dir + "/" + foreign);
  }
  test::make_dir(paths_.secrets_dir + "/folder");
  expect_refused(paths_.secrets_dir);
  fs::remove(paths_.secrets_dir + "/folder");
  fs::create_symlink("/etc/passwd", paths_.secrets_dir + "/link");
  expect_refused(paths_.secrets_dir);
}

TEST_F(Directories, TemporariesThatAreNoFilesAreForeign) {
  test::make_dir(paths_.state_dir, 0755);
  test::make_dir(paths_.state_dir + "/" + kTemporary);
  expect_refused(paths_.state_dir);
  fs::remove(paths_.state_dir + "/" + kTemporary);
  fs::create_symlink("/etc/passwd", paths_.state_dir + "/" + kTemporary);
  expect_refused(paths_.state_dir);
}

TEST_F(Directories, OfAnotherUser) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root to give a folder away";
  test::make_dir(paths_.state_dir, 0700);
  ASSERT_EQ(::chown(paths_.state_dir.c_str(), 65534, 65534), 0);
  expect_refused(paths_.state_dir);
}

TEST_F(Directories, SecretsOfAnotherUser) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root to give a folder away";
  test::make_dir(paths_.state_dir, 0700);
  test::make_dir(paths_.secrets_dir, 0700);
  ASSERT_EQ(::chown(paths_.secrets_dir.c_str(), 65534, 65534), 0);
  expect_refused(paths_.secrets_dir);
}

TEST_F(Directories, FilesInTheirPlace) {
  test::write_file(paths_.state_dir, "");
  expect_refused(paths_.state_dir);
  fs::remove(paths_.state_dir);
  test::make_dir(paths_.state_dir);
  test::write_file(paths_.secrets_dir, "");
  expect_refused(paths_.secrets_dir);
}

TEST_F(Directories, SecretsBehindASymlink) {
  test::make_dir(paths_.state_dir);
  test::make_dir(dir_ / "elsewhere", 0755);
  fs::create_symlink(dir_ / "elsewhere", paths_.secrets_dir);
  expect_refused(paths_.secrets_dir);
}

TEST_F(Directories, EnvFileIsAFolder) {
  test::make_dir(paths_.state_dir);
  test::make_dir(paths_.env_file);
  expect_refused(paths_.env_file);
}

TEST_F(Directories, EnvFileInTheSecretsDirectoryByADetour) {
  test::make_dir(paths_.state_dir);
  test::make_dir(paths_.secrets_dir);
  fs::create_symlink("secrets", paths_.state_dir + "/link");
  paths_.env_file = paths_.state_dir + "/link/env";
  EXPECT_THAT(run_to_end().status.code, testing::AnyOf(1, 2));
  paths_.env_file = paths_.state_dir + "/./secrets/env";
  EXPECT_THAT(run_to_end().status.code, testing::AnyOf(1, 2));
}

TEST_F(Directories, PathsOfAnyLengthAreToldInWholeLines) {
  paths_ = DaemonPaths(dir_.path() + "/" + std::string(200, 'a') + "/" + std::string(200, 'b'));
  paths_.socket = dir_ / "socket";
  expect_taken();
  fs::remove_all(paths_.state_dir);
  EXPECT_THAT(daemon().ask(set_secret("s")), IsError("state directory"));
}

// ---- two daemons ----

TEST_F(Directories, ASecondDaemonIsRefused) {
  start();
  DaemonPaths second = paths_;
  second.socket = dir_ / "second";
  const test::Finished refused = test::run(test::daemon_spec(second));
  EXPECT_EQ(refused.status, ExitStatus{.code = 1});
  EXPECT_THAT(refused.err, HasSubstr(paths_.state_dir));
  EXPECT_FALSE(test::exists(second.socket));
  EXPECT_EQ(daemon().ask(set_secret("s")), kPong);
}

TEST_F(Directories, ASecondDaemonOnTheSameSecretsIsRefused) {
  start();
  DaemonPaths second(dir_ / "second");
  second.secrets_dir = paths_.secrets_dir;
  const test::Finished refused = test::run(test::daemon_spec(second), 5s);
  EXPECT_EQ(refused.status, ExitStatus{.code = 1});
  EXPECT_THAT(refused.err, HasSubstr(paths_.state_dir));
}

TEST_F(Directories, AKilledDaemonLeavesNoLock) {
  start();
  daemon().process().kill();
  start();
  EXPECT_EQ(daemon().ask(kPing), kPong);
}

TEST_F(Directories, ARefusedDaemonSweepsNothing) {
  start();
  test::write_file(paths_.secrets_dir + "/" + kTemporary, "in use");
  DaemonPaths second = paths_;
  second.socket = dir_ / "second";
  EXPECT_EQ(test::run(test::daemon_spec(second)).status, ExitStatus{.code = 1});
  EXPECT_EQ(test::read_file(paths_.secrets_dir + "/" + kTemporary), "in use");
}

// ---- the sweep ----

TEST_F(Directories, OnlyLeftTemporariesAreSwept) {
  test::make_dir(paths_.state_dir);
  test::make_dir(paths_.secrets_dir);
  test::write_file(dir_ / "target", "kept");
  const std::vector<std::string> kept{".microvm-tmp.",
                                      ".microvm-tmp.XYZ",
                                      ".microvm-tmp.0123456789abcde",
                                      ".microvm-tmp.0123456789abcdef0",
                                      ".microvm-tmp.0123456789ABCDEF",
                                      ".microvm-tmp.0123456789abcdeg",
                                      "microvm-tmp.0123456789abcdef",
                                      "x.microvm-tmp.0123456789abcdef",
                                      ".microvm-tmp.0123456789abcdef~",
                                      "a"};
  for (const std::string& dir : {paths_.state_dir, paths_.secrets_dir}) {
    for (const std::string& name : kept) test::write_file(dir + "/" + name, "kept");
    for (const char* name : {kTemporary, ".microvm-tmp.ffffffffffffffff", ".microvm-tmp.0000000000000000"}) {
      test::write_file(dir + "/" + name, "hunter2", 0400);
    }
    test::make_dir(dir + "/.microvm-tmp.1111111111111111");
    fs::create_symlink(dir_ / "target", dir + "/.microvm-tmp.2222222222222222");
    ASSERT_EQ(::mkfifo((dir + "/.microvm-tmp.3333333333333333").c_str(), 0600), 0);
  }
  start();
  std::vector<std::string> expected = kept;
  expected.insert(expected.end(),
                  {".microvm-tmp.1111111111111111", ".microvm-tmp.2222222222222222", ".microvm-tmp.3333333333333333"});
  EXPECT_THAT(test::names_in(paths_.secrets_dir), testing::UnorderedElementsAreArray(expected));
  expected.emplace_back("secrets");
  EXPECT_THAT(test::names_in(paths_.state_dir), testing::UnorderedElementsAreArray(expected));
  EXPECT_EQ(test::read_file(dir_ / "target"), "kept");
}

}  // namespace
}  // namespace microvm::contract
