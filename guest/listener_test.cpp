// Which descriptor socket activation hands over, and whose socket file is in the way.
#include "guest/listener.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <vector>

#include "common/base/unique_fd.h"
#include "common/posix/unix_address.h"
#include "tests/support/temp_dir.h"

namespace microvm::guest {
namespace {

constexpr std::int64_t kPid = 4711;

TEST(ActivatedDescriptor, IsTheThirdWhenExactlyOneIsMeantForUs) {
  const auto given = activated_descriptor("4711", "1", kPid);
  ASSERT_TRUE(given);
  EXPECT_EQ(*given, 3);
}

TEST(ActivatedDescriptor, IsNoneWhenNobodyOrAnotherProcessIsMeant) {
  for (const char* pid : {static_cast<const char*>(nullptr), "", "1", "04711", "4711 ", "471", "-4711"}) {
    const auto given = activated_descriptor(pid, "1", kPid);
    ASSERT_TRUE(given) << given.error().view();
    EXPECT_FALSE(*given);
  }
  const auto given = activated_descriptor("4711", nullptr, kPid);
  ASSERT_TRUE(given);
  EXPECT_FALSE(*given);
}

TEST(ActivatedDescriptor, AnyOtherNumberIsAnError) {
  for (const char* fds : {"", "0", "2", "01", "1 ", "-1", "one"}) {
    const auto given = activated_descriptor("4711", fds, kPid);
    ASSERT_FALSE(given) << fds;
    EXPECT_EQ(given.error().view(), "socket activation must pass exactly one descriptor (LISTEN_FDS=1)");
  }
}

int connect_to(const UniqueFd& fd, const sockaddr_un& address) {
  return ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
}

TEST(UnixListener, ASocketWhoseQueueIsFullIsNotStale) {
  const test::TempDir directory;
  const std::string path = directory / "busy";
  const auto address = posix::unix_address(path);
  const UniqueFd owner(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  ASSERT_EQ(::bind(owner.get(), reinterpret_cast<const sockaddr*>(&*address), sizeof *address), 0);
  ASSERT_EQ(::listen(owner.get(), 0), 0);
  std::vector<UniqueFd> waiting;
  do {
    waiting.emplace_back(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  } while (connect_to(waiting.back(), *address) == 0 && waiting.size() < 16);
  ASSERT_EQ(errno, EAGAIN);

  const auto second = Listener::bind({.kind = ListenOn::Kind::Unix, .path = path});
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().view(), "cannot bind unix socket " + path + ": Address already in use");
  EXPECT_EQ(::access(path.c_str(), F_OK), 0);
}

}  // namespace
}  // namespace microvm::guest
