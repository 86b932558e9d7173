// A confined daemon: what the kernel says of it, and that all of its work gets done.
#include "tests/confinement/confined.h"

#include <sys/stat.h>

#include <filesystem>
#include <set>
#include <thread>

#include "tests/contract/process_state.h"

namespace microvm::confinement {
namespace {
namespace fs = std::filesystem;
using namespace std::chrono_literals;

using contract::set_env;
using contract::set_secret;
using contract::status_of;
using test::ProcessSpec;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

constexpr uid_t kUser = 65534;
constexpr gid_t kGroup = 4711;
constexpr gid_t kAnyGroup = static_cast<gid_t>(-1);

std::string request(const std::string& op, const std::string& rest) {
  return R"({"op":")" + op + R"(","id":"x")" + rest + "}\n";
}
std::string apply(const std::string& rest) { return request("apply", "," + rest); }

class Confined : public ConfinedTest {
 protected:
  void expect_ok(const std::string& line) {
    EXPECT_THAT(daemon().ask(line), StartsWith(R"({"id":"x","ok":true)")) << line;
  }
  [[nodiscard]] std::string secret(const std::string& name) const {
    return test::read_file(paths_.secrets_dir + "/" + name);
  }
  [[nodiscard]] std::vector<std::string> hidden_names() const {
    std::vector<std::string> found;
    for (const std::string& dir : std::set<std::string>{paths_.state_dir, fs::path(paths_.secrets_dir).parent_path()}) {
      for (const std::string& name : test::names_in(dir)) {
        if (name.starts_with(".microvm-")) found.push_back(name);
      }
    }
    return found;
  }

  // Everything that a request can make it do, and what others may do to its directories meanwhile.
  void expect_works() {
    expect_single_changes();
    expect_transactions();
    expect_repairs();
    expect_ok(request("stat", ""));
    EXPECT_THAT(daemon().ask(request("info", "")), HasSubstr(R"("unscrubbed_files":0)"));
    expect_ok(request("wipe", ""));
    EXPECT_THAT(test::names_in(paths_.secrets_dir), ElementsAre());
    EXPECT_EQ(test::read_file(paths_.env_file), "");
    EXPECT_THAT(hidden_names(), ElementsAre());
    EXPECT_EQ(daemon().stop(), ExitStatus{.code = 0});
    EXPECT_FALSE(test::exists(paths_.socket));
  }

  void expect_single_changes() {
    expect_ok(set_env(R"({"A":"1"})"));
    expect_ok(set_env(R"({"B":"2"})", R"(,"merge":true)"));
    EXPECT_EQ(test::read_file(paths_.env_file), "A=1\nB=2\n");
    expect_ok(set_secret("one"));
    expect_ok(set_secret("one", "MQ=="));
    expect_ok(set_secret("gone"));
    expect_ok(request("delete_secret", R"(,"name":"gone")"));
    EXPECT_THAT(test::names_in(paths_.secrets_dir), ElementsAre("one"));
  }

  void expect_transactions() {
    expect_ok(apply(R"("epoch":"first","env":{"A":"1"},"secrets":{"two":"Mg=="})"));
    expect_ok(apply(R"("env":{"A":"3"},"secrets":{"three":"Mw==","four":"NA=="})"));  // "two" is kept
    EXPECT_EQ(test::read_file(paths_.env_file), "A=3\n");
    EXPECT_THAT(test::names_in(paths_.secrets_dir), ElementsAre("four", "three", "two"));
    expect_ok(apply(R"("delete_secrets":["two","four"],"env_mode":"merge","env":{"B":"4"})"));
    expect_ok(apply(R"("secrets_mode":"replace","secrets":{"five":"NQ=="})"));
    EXPECT_THAT(test::names_in(paths_.secrets_dir), ElementsAre("five"));
    EXPECT_EQ(secret("five"), "5");
  }

  void expect_repairs() {
    fs::create_symlink("/etc/passwd", paths_.secrets_dir + "/planted");
    const std::string pipe = paths_.secrets_dir + "/pipe";
    ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
    ASSERT_EQ(::chown(pipe.c_str(), test::stat_of(paths_.secrets_dir).st_uid, kAnyGroup), 0);
    expect_ok(set_secret("planted"));
    expect_ok(apply(R"("secrets":{"pipe":"","six":"Ng=="})"));
    EXPECT_EQ(secret("planted"), "hunter2");
    fs::remove_all(paths_.secrets_dir);
    expect_ok(set_secret("six", "Ng=="));
    fs::remove_all(paths_.secrets_dir);
    expect_ok(apply(R"("env":{"A":"7"},"secrets":{"seven":"Nw==","six":"Ng=="})"));
    EXPECT_EQ(secret("seven"), "7");
  }
};

TEST_F(Confined, IsWhatTheKernelSays) {
  start();
  expect_held({});
  const pid_t pid = daemon().process().pid();
  for (const char* set : {"CapInh", "CapPrm", "CapEff", "CapAmb"})
    EXPECT_EQ(status_of(pid, set), "0000000000000000") << set;
  if (::geteuid() == 0) {
    EXPECT_EQ(status_of(pid, "CapBnd"), "0000000000000000");
    EXPECT_EQ(status_of(pid, "Groups"), "");
  }
  EXPECT_EQ(status_of(pid, "NoNewPrivs"), "1");
  EXPECT_EQ(status_of(pid, "Seccomp"), Held::sanitized() ? "0" : "2");
}

TEST_F(Confined, Works) {
  start();
  expect_works();
}

TEST_F(Confined, WorksWithSecretsElsewhere) {
  paths_.secrets_dir = dir_ / "elsewhere/secrets";
  start();
  expect_works();
}

TEST_F(Confined, WorksWithTheSocketInTheStateDirectory) {
  test::make_dir(paths_.state_dir);
  paths_.socket = paths_.state_dir + "/socket";
  start();
  expect_works();
}

TEST_F(Confined, WorksWithRelativePaths) {
  test::make_dir(paths_.state_dir);
  paths_.env_file = "state/env";
  paths_.secrets_dir = "state/secrets";
  start({}, {.cwd = dir_.path()});
  paths_ = DaemonPaths(dir_);
  expect_works();
}

TEST_F(Confined, WorksWithoutScrubbing) {
  start({"--no-scrub"});
  expect_works();
}

TEST_F(Confined, ReplacedSetIsRemoved) {
  start();
  expect_ok(set_secret("kept"));
  expect_ok(apply(R"("secrets":{"a":"","b":""})"));
  EXPECT_EQ(hidden_names().size(), 1U);
  const Deadline deadline = Deadline::after(test::kPatience);
  while (!hidden_names().empty() && !deadline.passed()) std::this_thread::sleep_for(20ms);
  EXPECT_THAT(hidden_names(), ElementsAre());
  EXPECT_EQ(secret("kept"), "hunter2");
}

// More memory than it started with.
TEST_F(Confined, TakesAThousandConnections) {
  start();
  std::vector<test::LineClient> clients;
  for (int i = 0; i < 1000; ++i) {
    clients.push_back(daemon().client());
    ASSERT_TRUE(clients.back().send(std::string(1 + 7 * static_cast<std::size_t>(i), '{')));
  }
  ASSERT_TRUE(clients.back().await_taken());
  EXPECT_TRUE(contract::error_of(clients.front().ask("\n"), R"("")"));
}

// ---- other users and groups ----

class ConfinedUser : public Confined {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root to act as another user";
    fs::permissions(dir_.path(), fs::perms(0755));
  }
  // The user needs a folder and a program that it can reach.
  ProcessSpec as_user() {
    const std::string program = dir_ / "daemon";
    fs::copy_file(test::required_env("METADATAD_BIN"), program);
    EXPECT_EQ(::chmod(program.c_str(), 0755), 0);
    test::make_dir(dir_ / "home");
    EXPECT_EQ(::chown((dir_ / "home").c_str(), kUser, kUser), 0);
    paths_ = DaemonPaths(dir_ / "home");
    return {.argv = {program}, .uid = kUser};
  }
  void expect_shared(const std::string& path, mode_t mode, gid_t group) {
    const struct stat status = test::stat_of(path);
    EXPECT_EQ(status.st_mode & 07777U, mode) << path;
    EXPECT_EQ(status.st_gid, group) << path;
    EXPECT_EQ(status.st_uid, 0U) << path;
  }
  static bool succeeds_as(uid_t uid, std::vector<std::string> argv) {
    return test::run({.argv = std::move(argv), .uid = uid}).status == ExitStatus{.code = 0};
  }
};

TEST_F(ConfinedUser, WorksAsAnotherUser) {
  start({}, as_user());
  expect_held({});
  expect_works();
}

TEST_F(ConfinedUser, WorksForAGroup) {
  start({"--secrets-gid", std::to_string(kGroup)});
  EXPECT_EQ(status_of(daemon().process().pid(), "Groups"), std::to_string(kGroup));
  expect_works();
}

TEST_F(ConfinedUser, TheGroupReadsSecretsAndNothingElse) {
  start({"--secrets-gid", std::to_string(kGroup)});
  expect_ok(set_env(R"({"A":"1"})"));
  expect_ok(set_secret("one"));
  fs::remove_all(paths_.secrets_dir);
  expect_ok(set_secret("one"));
  expect_shared(paths_.secrets_dir, 0750, kGroup);
  expect_ok(apply(R"("secrets":{"two":"","three":""})"));
  expect_shared(paths_.state_dir, 0710, kGroup);
  expect_shared(paths_.secrets_dir, 0750, kGroup);
  for (const std::string name : {"one", "two"}) expect_shared(paths_.secrets_dir + "/" + name, 0640, kGroup);
  expect_shared(paths_.env_file, 0600, 0);
  EXPECT_TRUE(succeeds_as(kGroup, {"cat", paths_.secrets_dir + "/one"}));
  EXPECT_TRUE(succeeds_as(kGroup, {"ls", paths_.secrets_dir}));
  EXPECT_FALSE(succeeds_as(kGroup, {"ls", paths_.state_dir}));
  EXPECT_FALSE(succeeds_as(kGroup, {"cat", paths_.env_file}));
  EXPECT_FALSE(succeeds_as(kUser, {"cat", paths_.secrets_dir + "/one"}));
}

TEST_F(ConfinedUser, WorksForTheUsersOwnGroup) {
  start({"--secrets-gid", std::to_string(kUser)}, as_user());
  expect_works();
}

TEST_F(ConfinedUser, AGroupThatItCannotJoinIsRefused) {
  const test::Finished refused = run_to_end({"--secrets-gid", std::to_string(kGroup)}, as_user());
  EXPECT_EQ(refused.status, ExitStatus{.code = 1});
  EXPECT_THAT(refused.err, HasSubstr("cannot join group 4711"));
  EXPECT_FALSE(test::exists(paths_.state_dir));
}

// Root gets there by its capabilities alone.
TEST_F(ConfinedUser, ADirectoryBehindAClosedOneIsRefused) {
  test::make_dir(dir_ / "closed");
  ASSERT_EQ(::chown((dir_ / "closed").c_str(), kUser, kUser), 0);
  const std::string socket = paths_.socket;
  paths_ = DaemonPaths(dir_ / "closed");
  paths_.socket = socket;
  const test::Finished refused = run_to_end();
  EXPECT_EQ(refused.status, ExitStatus{.code = 1});
  EXPECT_THAT(refused.err, HasSubstr("state directory " + paths_.state_dir + ": cannot find it: Permission denied"));
  EXPECT_FALSE(test::exists(paths_.socket));
}

}  // namespace
}  // namespace microvm::confinement
