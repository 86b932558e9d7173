// Who a process is: read from /proc, written to a file, found again or not.
#include "common/posix/process_identity.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <string>

namespace microvm::posix {
namespace {

constexpr const char* kBoot = "01234567-89ab-cdef-0123-456789abcdef";

TEST(ProcessIdentity, FindsTheStartTimeBehindAnyName) {
  const std::string behind = " S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 4711 20 21";
  for (const char* name : {"(sh)", "(a b)", "())", "(x) R 1 2)", "()", "(\n) 1)"})
    EXPECT_EQ(parse_start_time("17 " + std::string(name) + behind), 4711U) << name;
  for (const char* bad :
       {"", "17 (sh)", "17 (sh) S 1 2 3", "17 (sh) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 4711",
        "17 (sh) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 -3 20"})
    EXPECT_EQ(parse_start_time(bad), std::nullopt) << bad;
}

TEST(ProcessIdentity, StandsInAFileAndIsReadBack) {
  const ProcessIdentity process{.pid = 42, .start_time = 1ULL << 60, .boot_id = kBoot};
  EXPECT_EQ(identity_text(process), "42 1152921504606846976 " + std::string(kBoot) + "\n");
  EXPECT_EQ(parse_identity(identity_text(process)), process);
}

TEST(ProcessIdentity, NothingElseIsOne) {
  const std::string boot = kBoot;
  for (const std::string& text :
       {std::string(), "42 1 " + boot, "42 1 " + boot + "\n\n", "0 1 " + boot + "\n", "-1 1 " + boot + "\n",
        "42 -1 " + boot + "\n", "42  1 " + boot + "\n", " 42 1 " + boot + "\n", "99999999999 1 " + boot + "\n",
        "42 1 " + boot.substr(1) + "\n", "42 1 " + boot.substr(1) + "X\n", std::string("42 1\n"), std::string("42")})
    EXPECT_EQ(parse_identity(text), std::nullopt) << text;
}

TEST(ProcessIdentity, IsThisProcess) {
  const auto self = identify(::getpid());
  ASSERT_TRUE(self);
  EXPECT_EQ(self->boot_id, read_boot_id());
  EXPECT_EQ(self->start_time, start_time_of(::getpid()));
  const auto fd = open_process(*self);
  ASSERT_TRUE(fd);
  EXPECT_TRUE(fd->valid());
}

TEST(ProcessIdentity, AnotherOfTheSameNumberIsNot) {
  auto other = *identify(::getpid());
  ++other.start_time;
  EXPECT_EQ(open_process(other).error(), ESRCH);
  other = *identify(::getpid());
  other.boot_id = kBoot;
  EXPECT_EQ(open_process(other).error(), ESRCH);
}

TEST(ProcessIdentity, AZombieIsStillTheOne) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::prctl(PR_SET_NAME, ") Z 1 2");
    ::pause();
    ::_exit(0);
  }
  const auto identity = identify(child);
  ASSERT_TRUE(identity);
  ::kill(child, SIGKILL);
  siginfo_t info{};
  ASSERT_EQ(::waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOWAIT), 0);
  const auto fd = open_process(*identity);
  ASSERT_TRUE(fd);
  pollfd ended{.fd = fd->get(), .events = POLLIN, .revents = 0};
  EXPECT_EQ(::poll(&ended, 1, 0), 1);
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  EXPECT_EQ(open_process(*identity).error(), ESRCH);
  EXPECT_EQ(start_time_of(child).error(), ESRCH);
}

}  // namespace
}  // namespace microvm::posix
