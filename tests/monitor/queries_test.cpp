// monitor.sock.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/posix/unix_address.h"
#include "tests/monitor/stage.h"

namespace microvm::monitor::test {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;

using Queries = MonitorTest;

TEST_F(Queries, StatusIsOneLine) {
  run({"say", "one", "put", "two", "err", "log", "await", "exit", "0"});
  ASSERT_TRUE(eventually([&] { return count("console", "records") == 2 && count("log", "bytes") == 4; }));
  EXPECT_THAT(
      ask("status"),
      MatchesRegex("\\{\"console\":\\{\"bytes\":7,\"records\":2,\"dropped\":0\\},\"log\":\\{\"bytes\":4,\"records\":1,"
                   "\"dropped\":0\\},\"metrics\":\\{\"lines\":0,\"bad\":0\\},\"uptime_ms\":[0-9]+,"
                   "\"cgroup\":.*\\}\n"));
  EXPECT_THAT(ask("nonsense"), HasSubstr("error"));
  EXPECT_EQ(ask(std::string(100, 'x')), "");
}

TEST_F(Queries, RingIsTheRawEnd) {
  run({"put", "a\r\n\x1b[0m", "await", "flood", "200000", "put", "prompt", "await", "exit", "0"},
      {"--ring-bytes", "1000"});
  ASSERT_TRUE(eventually([&] { return ask("ring") == "a\r\n\x1b[0m"; }));
  let_go();
  ASSERT_TRUE(eventually([&] { return ask("ring").ends_with("prompt"); }));
  const std::string ring = ask("ring");
  EXPECT_EQ(ring.size(), 1000U);
  EXPECT_THAT(ring, HasSubstr("|\n3124 "));
}

TEST_F(Queries, FollowGoesOnToTheEnd) {
  run({"say", "one", "await", "say", "two", "await", "flood", "50000", "exit", "0"});
  ASSERT_TRUE(eventually([&] { return ask("ring") == "one\n"; }));
  const UniqueFd fd = connect();
  send_all(fd.get(), "follow\n");
  ::shutdown(fd.get(), SHUT_WR);
  EXPECT_EQ(read_until(fd.get(), "one\n"), "one\n");
  let_go();
  EXPECT_EQ(read_until(fd.get(), "two\n"), "two\n");
  let_go();
  EXPECT_EQ(read_all(fd.get()).size(), 50000 / 64 * 64U);
  EXPECT_EQ(ended(), 0);
}

TEST_F(Queries, NoticesAreWaitedFor) {
  run({"await", "say", "Kernel panic - not syncing: test", "await", "exit", "0"});
  const UniqueFd fd = connect();
  send_all(fd.get(), "notices\n");
  let_go();
  EXPECT_EQ(read_all(fd.get()), "panic Kernel panic - not syncing: test\n");
  EXPECT_EQ(ask("notices"), "panic Kernel panic - not syncing: test\n") << "also afterwards";
  let_go();
  EXPECT_EQ(ended(), 0);
}

TEST_F(Queries, WithoutANoticeTheWaitEndsWithTheVm) {
  run({"await", "exit", "0"});
  const UniqueFd fd = connect();
  send_all(fd.get(), "notices\n");
  let_go();
  EXPECT_EQ(read_all(fd.get()), "");
  EXPECT_EQ(ended(), 0);
}

TEST_F(Queries, ASlowReaderLosesTheOldestAndIsTold) {
  run({"await", "flood", "2000000", "say", "done", "await", "exit", "0"});
  const UniqueFd fd = connect();
  const int small = 4096;
  ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
  send_all(fd.get(), "follow\n");
  ASSERT_TRUE(eventually([&] { return ask("status").find("bytes\":0") != std::string::npos; }));
  let_go();
  ASSERT_TRUE(eventually([&] { return count("console", "bytes") > 2'000'000; }));
  const std::string text = read_until(fd.get(), "done\n");
  constexpr std::string_view kMark = " bytes lost]\n";
  std::uint64_t lost = 0, marks = 0;
  for (std::size_t at = 0; (at = text.find(kMark, at)) != text.npos; at += kMark.size()) {
    const std::size_t begin = text.rfind("\n[", at);
    lost += std::stoull(text.substr(begin + 2));
    marks += at + kMark.size() - begin;
  }
  EXPECT_GT(lost, 1'000'000U);
  EXPECT_EQ(text.size() - marks + lost, count("console", "bytes"));
  EXPECT_TRUE(text.starts_with("0 "));
}

TEST_F(Queries, AFollowerThatDoesNotReadDelaysNothing) {
  run({"await", "flood", "3000000", "exit", "0"});
  const UniqueFd fd = connect();
  send_all(fd.get(), "follow\n");
  const auto before = std::chrono::steady_clock::now();
  let_go();
  (void)exit();
  EXPECT_LT(std::chrono::steady_clock::now() - before, milliseconds(5000));
  EXPECT_EQ(ended(), 0);
}

TEST_F(Queries, TheOldestWhoDoesNotFollowMakesRoom) {
  run({"say", "one", "await", "exit", "0"});
  std::vector<UniqueFd> followers;
  const UniqueFd silent = connect();
  for (int i = 0; i < 7; ++i) {
    followers.push_back(connect());
    send_all(followers.back().get(), "follow\n");
    EXPECT_EQ(read_until(followers.back().get(), "one\n"), "one\n");
  }
  EXPECT_FALSE(wait_readable(silent.get(), milliseconds(0)));
  followers.push_back(connect());
  send_all(followers.back().get(), "follow\n");
  EXPECT_EQ(read_until(followers.back().get(), "one\n"), "one\n");
  EXPECT_EQ(read_all(silent.get()), "");
  EXPECT_EQ(ask("status"), "");  // eight follow
  followers.pop_back();
  ASSERT_TRUE(eventually([&] { return !ask("status").empty(); }));
  let_go();
  for (const UniqueFd& fd : followers) EXPECT_EQ(read_all(fd.get()), "");
  EXPECT_EQ(ended(), 0);
}

TEST_F(Queries, OtherUsersAreRefused) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root has other users at hand";
  run({"say", "secret", "await"});
  for (const std::string& path : {dir_.path(), dir_ / "run", run_dir_}) ::chmod(path.c_str(), 0755);
  ::chmod(run_path("monitor.sock").c_str(), 0777);
  const pid_t child = ::fork();
  if (child == 0) {
    if (::setuid(65534) != 0) ::_exit(2);
    const auto address = posix::unix_address(run_path("monitor.sock"));
    const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
    if (::connect(fd, reinterpret_cast<const sockaddr*>(&*address), sizeof *address) != 0) ::_exit(3);
    (void)::send(fd, "ring\n", 5, MSG_NOSIGNAL);
    char byte = 0;
    ::_exit(::read(fd, &byte, 1) > 0 ? 4 : 0);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(WEXITSTATUS(status), 0);
  EXPECT_TRUE(eventually([&] { return ask("ring") == "secret\n"; }));
}

}  // namespace
}  // namespace microvm::monitor::test
