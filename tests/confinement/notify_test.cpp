// What a service manager is told, and that none can hold the daemon up.
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstddef>

#include "common/posix/unix_address.h"
#include "tests/contract/daemon_test.h"

namespace microvm::contract {
namespace {

using testing::HasSubstr;

// As NOTIFY_SOCKET names it: a path, or an abstract name behind '@'.
class Manager {
 public:
  explicit Manager(std::string name)
      : name_(std::move(name)),
        fd_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)),
        address_(posix::unix_address(name_).value()),
        size_(static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name_.size())) {
    if (name_.starts_with('@')) address_.sun_path[0] = '\0';
    EXPECT_EQ(::bind(fd_.get(), reinterpret_cast<const sockaddr*>(&address_), size_), 0) << name_;
  }
  [[nodiscard]] ProcessSpec spec() const { return {.env = {{"NOTIFY_SOCKET", name_}}}; }
  [[nodiscard]] std::string next(std::chrono::milliseconds patience = test::kPatience) const {
    std::array<char, 256> line;
    pollfd wait{fd_.get(), POLLIN, 0};
    if (::poll(&wait, 1, static_cast<int>(patience.count())) != 1) return "(silence)";
    return {line.data(), static_cast<std::size_t>(::recv(fd_.get(), line.data(), line.size(), 0))};
  }
  // Nobody reads; until no more goes in.
  void fill() const {
    const UniqueFd other(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    while (::sendto(other.get(), "x", 1, MSG_DONTWAIT, reinterpret_cast<const sockaddr*>(&address_), size_) == 1) {
    }
  }

 private:
  std::string name_;
  UniqueFd fd_;
  sockaddr_un address_;
  socklen_t size_;
};

class Notify : public DaemonTest {
 protected:
  void expect_told(const std::string& name) {
    const Manager manager(name);
    start({}, manager.spec());
    EXPECT_EQ(manager.next(), "READY=1");
    EXPECT_EQ(daemon().ask(kPing), kPong);
    EXPECT_EQ(daemon().stop(), ExitStatus{.code = 0});
    EXPECT_EQ(manager.next(), "STOPPING=1");
    EXPECT_THAT(daemon().log(), testing::Not(HasSubstr("NOTIFY_SOCKET")));
  }
};

TEST_F(Notify, AtAPath) { expect_told(dir_ / "notify"); }

TEST_F(Notify, AtAnAbstractName) { expect_told("@microvm-notify-test-" + std::to_string(::getpid())); }

TEST_F(Notify, NotReadyBeforeItListens) {
  const Manager manager(dir_ / "notify");
  test::write_file(paths_.socket, "in the way");
  EXPECT_EQ(run_to_end({}, manager.spec()).status, ExitStatus{.code = 1});
  EXPECT_EQ(manager.next(0ms), "(silence)");
}

TEST_F(Notify, ServesWithoutOne) {
  for (const std::string& name : {dir_ / "nobody", std::string("@"), std::string(), std::string(200, 'n')}) {
    start({}, {.env = {{"NOTIFY_SOCKET", name}}});
    EXPECT_EQ(daemon().ask(kPing), kPong);
    EXPECT_TRUE(daemon().process().wait_err("warning: NOTIFY_SOCKET", Deadline::after(test::kPatience)));
  }
}

TEST_F(Notify, ServesThoughItIsNotHeard) {
  const Manager manager(dir_ / "notify");
  manager.fill();
  start({}, manager.spec());
  EXPECT_EQ(daemon().ask(kPing), kPong);
  EXPECT_TRUE(daemon().process().wait_err("warning: NOTIFY_SOCKET", Deadline::after(test::kPatience)));
}

}  // namespace
}  // namespace microvm::contract
