// Where a daemon listens: the socket file, descriptors that are handed over, and who may come in.
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <system_error>

#include "tests/contract/daemon_test.h"

namespace microvm::contract {
namespace {
namespace fs = std::filesystem;

using testing::HasSubstr;

constexpr uid_t kNobody = 65534;

class Listen : public DaemonTest {
 protected:
  void expect_refused(const std::string& text, const std::vector<std::string>& flags = {}, ProcessSpec how = {}) {
    const test::Finished refused = run_to_end(flags, std::move(how));
    EXPECT_EQ(refused.status, ExitStatus{.code = 1});
    EXPECT_THAT(refused.err, HasSubstr(text));
    expect_clean_log(refused.err);
  }
};

TEST_F(Listen, SaysSoWithAddressAndPaths) {
  start();
  ASSERT_TRUE(daemon().process().wait_err("listening", Deadline::after(test::kPatience)));
  for (const std::string& path : {paths_.socket, paths_.env_file, paths_.secrets_dir}) {
    EXPECT_THAT(daemon().log(), HasSubstr(path));
  }
  EXPECT_THAT(daemon().process().out(), testing::IsEmpty());
}

TEST_F(Listen, TheSocketIsPrivate) {
  for (const mode_t mask : {0U, 0777U}) {
    start({}, {.umask = mask});
    EXPECT_EQ(test::mode_of(paths_.socket), 0600U);
  }
}

TEST_F(Listen, StaleSocketFileIsReplaced) {
  test::listen_unix(paths_.socket);
  ASSERT_TRUE(test::exists(paths_.socket));
  start();
  EXPECT_EQ(daemon().ask(kPing), kPong);
}

TEST_F(Listen, SocketFileOfAKilledDaemonIsReplaced) {
  start();
  daemon().process().kill();
  EXPECT_TRUE(test::exists(paths_.socket));
  start();
  EXPECT_EQ(daemon().ask(kPing), kPong);
}

TEST_F(Listen, LiveSocketIsLeftAlone) {
  const UniqueFd live = test::listen_unix(paths_.socket);
  const ino_t before = test::stat_of(paths_.socket).st_ino;
  expect_refused(paths_.socket);
  EXPECT_EQ(test::stat_of(paths_.socket).st_ino, before);
  EXPECT_NO_THROW(LineClient::connect(paths_.socket));
}

TEST_F(Listen, SocketOfAnotherDaemonIsLeftAlone) {
  start();
  DaemonPaths second(dir_ / "second");
  second.socket = paths_.socket;
  const test::Finished refused = test::run(test::daemon_spec(second));
  EXPECT_EQ(refused.status, ExitStatus{.code = 1});
  EXPECT_THAT(refused.err, HasSubstr(paths_.socket));
  EXPECT_EQ(daemon().ask(kPing), kPong);
}

TEST_F(Listen, OtherFilesAreLeftAlone) {
  test::write_file(paths_.socket, "kept");
  expect_refused(paths_.socket);
  EXPECT_EQ(test::read_file(paths_.socket), "kept");
  fs::remove(paths_.socket);
  test::make_dir(paths_.socket);
  expect_refused(paths_.socket);
  fs::remove(paths_.socket);
  paths_.socket = dir_ / "missing/socket";
  expect_refused(paths_.socket);
  paths_.socket = dir_ / std::string(108, 's');
  expect_refused("socket");
}

TEST_F(Listen, SocketFileIsRemovedAtSigterm) {
  start();
  EXPECT_EQ(daemon().stop(), ExitStatus{.code = 0});
  EXPECT_FALSE(test::exists(paths_.socket));
}

TEST_F(Listen, SocketFileOfASuccessorIsNotRemoved) {
  start();
  fs::remove(paths_.socket);
  const UniqueFd successor = test::listen_unix(paths_.socket);
  EXPECT_EQ(daemon().stop(), ExitStatus{.code = 0});
  EXPECT_TRUE(test::exists(paths_.socket));
}

// ---- who is served ----

class Peers : public DaemonTest {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root to act as another user";
    fs::permissions(dir_.path(), fs::perms(0755));
  }
  // Sends a ping as `uid`, in a process of its own; true when it was answered.
  bool answered_as(uid_t uid) {
    const pid_t child = ::fork();
    if (child == 0) {
      bool answered = false;
      try {
        if (::setresuid(uid, uid, uid) != 0) ::_exit(3);
        answered = LineClient::connect(paths_.socket).ask(kPing) == kPong;
      } catch (const std::system_error&) {
        ::_exit(2);
      }
      ::_exit(answered ? 0 : 1);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) <= 1) << status;
    return WEXITSTATUS(status) == 0;
  }
};

TEST_F(Peers, OthersAreClosedUnread) {
  start();
  fs::permissions(paths_.socket, fs::perms(0666));
  EXPECT_FALSE(answered_as(kNobody));
  EXPECT_FALSE(answered_as(1));
  EXPECT_TRUE(answered_as(0));
  EXPECT_TRUE(daemon().process().wait_err("closed unread", Deadline::after(test::kPatience)));
}

TEST_F(Peers, TheDaemonsOwnUserAndRootAreServed) {
  // The user needs a folder and a program that it can reach.
  const std::string program = dir_ / "daemon";
  fs::copy_file(test::required_env("METADATAD_BIN"), program);
  ASSERT_EQ(::chmod(program.c_str(), 0755), 0);
  test::make_dir(dir_ / "home", 0700);
  ASSERT_EQ(::chown((dir_ / "home").c_str(), kNobody, kNobody), 0);
  paths_ = DaemonPaths(dir_ / "home");
  start({}, {.argv = {program}, .uid = kNobody});
  fs::permissions(paths_.socket, fs::perms(0666));
  fs::permissions(dir_ / "home", fs::perms(0711));
  EXPECT_TRUE(answered_as(kNobody));
  EXPECT_TRUE(answered_as(0));
  EXPECT_FALSE(answered_as(1));
  EXPECT_EQ(daemon().ask(set_secret("s")), kPong);
  EXPECT_EQ(test::stat_of(paths_.secrets_dir + "/s").st_uid, kNobody);
}

// ---- descriptors that are handed over ----

TEST_F(Listen, SocketActivation) {
  const UniqueFd socket = test::listen_unix(paths_.socket);
  start({}, {.fds = {{socket.get(), 3}}, .listen_fds = 1});
  EXPECT_EQ(daemon().ask(kPing), kPong);
  EXPECT_EQ(daemon().stop(), ExitStatus{.code = 0});
  EXPECT_TRUE(test::exists(paths_.socket)) << "the file belongs to who made it";
}

TEST_F(Listen, ConnectionsThatWaitedForTheDaemonAreServed) {
  const UniqueFd socket = test::listen_unix(paths_.socket);
  LineClient early = LineClient::connect(paths_.socket);
  ASSERT_TRUE(early.send(kPing));
  start({}, {.fds = {{socket.get(), 3}}, .listen_fds = 1});
  EXPECT_EQ(early.read_line(), kPong);
}

TEST_F(Listen, ActivationOfAnotherProcessIsIgnored) {
  const UniqueFd socket = test::listen_unix(dir_ / "other");
  start({}, {.env = {{"LISTEN_PID", "1"}, {"LISTEN_FDS", "1"}}, .fds = {{socket.get(), 3}}});
  EXPECT_EQ(daemon().ask(kPing), kPong);
  LineClient other = LineClient::connect(dir_ / "other");
  ASSERT_TRUE(other.send(kPing));
  EXPECT_FALSE(other.read_line(Deadline::after(50ms)));
}

TEST_F(Listen, MoreThanOneActivatedSocketIsRefused) {
  const UniqueFd socket = test::listen_unix(paths_.socket);
  expect_refused("LISTEN_FDS", {}, {.fds = {{socket.get(), 3}, {socket.get(), 4}}, .listen_fds = 2});
}

class HandedOver : public Listen {
 protected:
  [[nodiscard]] ProcessSpec spec(int fd, const std::string& listen) const {
    return test::daemon_spec(paths_, {"--listen", listen}, {.fds = {{fd, 7}}});
  }
  void expect_no_listener(int fd, const std::string& listen = "fd:7") {
    const test::Finished refused = test::run(spec(fd, listen));
    EXPECT_EQ(refused.status, ExitStatus{.code = 1});
    EXPECT_THAT(refused.err, HasSubstr("descriptor"));
    expect_clean_log(refused.err);
  }
};

TEST_F(HandedOver, ListeningUnixSocket) {
  const UniqueFd socket = test::listen_unix(paths_.socket);
  test::Process process(spec(socket.get(), "fd:7"));
  LineClient client = LineClient::connect(paths_.socket);
  EXPECT_EQ(client.ask(kPing), kPong);
  EXPECT_THAT(process.err(), HasSubstr("7"));
  process.signal(SIGTERM);
  EXPECT_EQ(process.wait(test::kPatience), ExitStatus{.code = 0});
}

TEST_F(HandedOver, WhatIsNoListeningSocket) {
  const UniqueFd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  expect_no_listener(null.get());
  expect_no_listener(null.get(), "fd:8");  // not open
  expect_no_listener(null.get(), "fd:1");  // standard output
  const UniqueFd quiet(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  expect_no_listener(quiet.get());
  const UniqueFd datagram(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  expect_no_listener(datagram.get());
  const UniqueFd packets(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
  const sockaddr_un any{.sun_family = AF_UNIX, .sun_path = {}};
  ASSERT_EQ(::bind(packets.get(), reinterpret_cast<const sockaddr*>(&any), sizeof(sa_family_t)), 0);
  ASSERT_EQ(::listen(packets.get(), 1), 0);
  expect_no_listener(packets.get());
  int pair[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
  const UniqueFd one(pair[0]);
  const UniqueFd two(pair[1]);
  expect_no_listener(one.get());
}

TEST_F(HandedOver, TcpListener) {
  const UniqueFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in loopback{};
  loopback.sin_family = AF_INET;
  loopback.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(::bind(socket.get(), reinterpret_cast<const sockaddr*>(&loopback), sizeof loopback), 0);
  ASSERT_EQ(::listen(socket.get(), 1), 0);
  expect_no_listener(socket.get());
}

}  // namespace
}  // namespace microvm::contract
