// The vsock device in front of a real guest's driver, under QEMU: streams both ways, limits, pauses, replugging.
#include <gmock/gmock.h>
#include <sys/resource.h>

#include <array>
#include <chrono>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "common/posix/send_fds.h"
#include "tests/standin/vsock_front_served.h"
#include "tests/support/files.h"
#include "tests/support/process.h"
#include "tests/support/temp_dir.h"

namespace microvm::test {
namespace {

using namespace std::chrono_literals;

constexpr auto kBoot = 120s;

// One guest for all tests: its echo listens on port 52.
class Guest {
 public:
  Guest() {
    const std::string image = dir_ / "initramfs";
    const Finished made = test::run({.argv = {"sh", required_env("GUEST_SCRIPT"), "image", image}}, kBoot);
    if (made.status != ExitStatus{.code = 0}) throw std::runtime_error("no image for the guest: " + made.err);
    const UniqueFd device = front_.attach();
    qemu_.emplace(ProcessSpec{.argv = {"qemu-system-x86_64",
                                       "-nodefaults",
                                       "-no-user-config",
                                       "-display",
                                       "none",
                                       "-no-reboot",
                                       "-M",
                                       "q35,memory-backend=mem",
                                       "-accel",
                                       "tcg",
                                       "-cpu",
                                       "max",
                                       "-smp",
                                       "1",
                                       "-m",
                                       "256",
                                       "-object",
                                       "memory-backend-memfd,id=mem,size=256M,share=on",
                                       "-kernel",
                                       required_env("GUEST_KERNEL"),
                                       "-initrd",
                                       image,
                                       "-append",
                                       "console=ttyS0 quiet panic=-1 reboot=t tsc=reliable mitigations=off",
                                       "-serial",
                                       "file:console.log",
                                       "-chardev",
                                       "socket,id=shell,path=shell.sock,server=on,wait=off",
                                       "-serial",
                                       "chardev:shell",
                                       "-qmp",
                                       "unix:qmp.sock,server=on,wait=off",
                                       "-device",
                                       "pcie-root-port,id=hotplug0",
                                       "-chardev",
                                       "socket,id=vsock,fd=3",
                                       "-device",
                                       "vhost-user-vsock-pci,id=vs,bus=hotplug0,chardev=vsock"},
                              .cwd = dir_.path(),
                              .fds = {{device.get(), 3}}});
    shell_ = LineClient::connect(dir_ / "shell.sock", Deadline::after(kPatience));
    monitor_ = LineClient::connect(dir_ / "qmp.sock", Deadline::after(kPatience));
    monitor_.read_line();
    execute(R"({"execute":"qmp_capabilities"})");
  }

  void await_boot() {
    if (shell_.read_line(Deadline::after(kBoot)) != "ready") fail("the guest did not boot");
    run("vsock_echo 52 >/dev/console 2>&1 &");
  }

  // What a line of shell prints.
  std::string run(const std::string& line) {
    const Deadline deadline = Deadline::after(kBoot);
    int status = 0;
    std::size_t size = 0;
    const auto head = shell_.send(line + "\n", deadline) ? shell_.read_line(deadline) : std::nullopt;
    if (!head || std::sscanf(head->c_str(), "%d %zu", &status, &size) != 2) fail("no answer to: " + line);
    std::string out;
    while (out.size() < size) {
      const std::string part = shell_.read_some(deadline);
      if (part.empty()) fail("half an answer to: " + line);
      out += part;
    }
    return out;
  }

  // Skips events; a descriptor goes along for getfd.
  std::string execute(const std::string& command, int fd = -1) {
    if (fd >= 0) {
      send_with(fd, command + "\n");
    } else {
      monitor_.send(command + "\n");
    }
    return read_monitor("\"return\"");
  }
  std::string read_monitor(const std::string& what) {
    for (const Deadline deadline = Deadline::after(kPatience);;) {
      const auto line = monitor_.read_line(deadline);
      if (!line) fail("the monitor does not say " + what);
      if (line->contains("\"error\"")) fail(*line);
      if (line->contains(what)) return *line;
    }
  }

  void replug() {
    execute(R"({"execute":"device_del","arguments":{"id":"vs"}})");
    read_monitor("DEVICE_DELETED");
    execute(R"({"execute":"chardev-remove","arguments":{"id":"vsock"}})");
    const UniqueFd device = front_.attach();
    execute(R"({"execute":"getfd","arguments":{"fdname":"v"}})", device.get());
    execute(R"({"execute":"chardev-add","arguments":{"id":"vsock","backend":{"type":"socket","data":)"
            R"({"server":false,"addr":{"type":"fd","data":{"str":"v"}}}}}})");
    execute(R"({"execute":"device_add","arguments":{"driver":"vhost-user-vsock-pci","id":"vs","bus":"hotplug0",)"
            R"("chardev":"vsock"}})");
  }

  ServedFront& front() { return front_; }
  [[nodiscard]] std::string uds() const { return dir_ / "vsock"; }
  [[nodiscard]] const std::string& dir() const { return dir_.path(); }
  void kill_qemu() { qemu_->kill(); }

 private:
  [[noreturn]] void fail(const std::string& what) {
    qemu_->kill();
    throw std::runtime_error(what + "\nconsole:\n" + read_file(dir_ / "console.log") + "\nQEMU:\n" + qemu_->err());
  }

  void send_with(int fd, std::string text) const {
    const iovec part{text.data(), text.size()};
    posix::send_fds(monitor_.fd(), {&part, 1}, {&fd, 1}, MSG_NOSIGNAL);
  }

  TempDir dir_;
  ServedFront front_{uds()};
  std::optional<Process> qemu_;
  LineClient shell_;
  LineClient monitor_;
};

class VsockFrontGuest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    rlimit files{};
    ::getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &files);
    guest_ = std::make_unique<Guest>();
    early_ = LineClient::connect(guest_->uds());
    early_.send("CONNECT 9999\n");
    was_held_ = early_.read_line(Deadline::after(200ms)) == std::nullopt && !guest_->front().driver_is_up();
    guest_->await_boot();
    const Deadline deadline = Deadline::after(kPatience);
    while (!dial().read_line() && !deadline.passed()) std::this_thread::sleep_for(10ms);
  }
  static void TearDownTestSuite() { guest_.reset(); }

  static LineClient dial(int port = 52) {
    LineClient stream = LineClient::connect(guest_->uds());
    stream.send("CONNECT " + std::to_string(port) + "\n");
    return stream;
  }
  static LineClient connected() {
    LineClient stream = dial();
    const auto answer = stream.read_line();
    EXPECT_THAT(answer.value_or(""), testing::StartsWith("OK 10737"));
    return stream;
  }

  static void await_no_connections() {
    const Deadline deadline = Deadline::after(kPatience);
    while (!deadline.passed()) {
      const auto counters = guest_->front().counters();
      if (counters.conns_added == counters.conns_removed) return;
      std::this_thread::sleep_for(5ms);
    }
    ADD_FAILURE() << "connections that were closed are still there";
  }

  static inline std::unique_ptr<Guest> guest_;
  static inline LineClient early_;
  static inline bool was_held_ = false;
};

TEST_F(VsockFrontGuest, HoldsDialsUntilTheDriverIsUp) {
  EXPECT_TRUE(was_held_);
  EXPECT_TRUE(early_.at_end());
  EXPECT_TRUE(guest_->front().driver_is_up());
}

TEST_F(VsockFrontGuest, AnswersWithHostPortsThatCountOn) {
  LineClient first = dial();
  const std::string answer = first.read_line().value_or("");
  ASSERT_THAT(answer, testing::StartsWith("OK 10737418"));
  const unsigned long port = std::stoul(answer.substr(3));
  EXPECT_EQ(port, guest_->front().last_host_port());
  LineClient second = dial();
  EXPECT_EQ(second.read_line(), "OK " + std::to_string(port + 1));
  EXPECT_EQ(second.ask("hello\n"), "hello");
  EXPECT_EQ(first.ask("again\n"), "again");
}

TEST_F(VsockFrontGuest, EndsADialAtOnceWhereNobodyListens) {
  LineClient stream = dial(9999);
  EXPECT_TRUE(stream.at_end(Deadline::after(1s)));
}

TEST_F(VsockFrontGuest, CarriesAMebibyteThereAndBack) {
  LineClient stream = connected();
  std::string sent(1 << 20, '\0');
  for (std::size_t i = 0; i < sent.size(); ++i) sent[i] = static_cast<char>(i * 7 + i / 251);
  std::thread sender([&] { EXPECT_TRUE(stream.send(sent)); });
  std::string back;
  while (back.size() < sent.size()) {
    const std::string part = stream.read_some();
    if (part.empty()) break;
    back += part;
  }
  sender.join();
  EXPECT_TRUE(back == sent) << back.size() << " bytes came back";
}

TEST_F(VsockFrontGuest, LosesTheAnswerWhenTheHostShutsItsSide) {
  LineClient stream = connected();
  guest_->front().hold();
  stream.send("ping");
  stream.finish();
  guest_->front().release();
  EXPECT_TRUE(stream.at_end());
}

TEST_F(VsockFrontGuest, CarriesManyStreamsAtOnce) {
  std::vector<LineClient> streams(64);
  for (LineClient& stream : streams) stream = dial();
  for (std::size_t i = 0; i < streams.size(); ++i) {
    EXPECT_THAT(streams[i].read_line().value_or(""), testing::StartsWith("OK 10737"));
    streams[i].send("line " + std::to_string(i) + "\n");
  }
  for (std::size_t i = 0; i < streams.size(); ++i) EXPECT_EQ(streams[i].read_line(), "line " + std::to_string(i));
}

TEST_F(VsockFrontGuest, Serves1023ConnectionsAndDropsTheNext) {
  await_no_connections();
  std::vector<LineClient> streams(1023);
  for (LineClient& stream : streams) stream = dial();
  for (LineClient& stream : streams) ASSERT_THAT(stream.read_line().value_or(""), testing::StartsWith("OK 10737"));
  EXPECT_TRUE(dial().at_end());
  EXPECT_EQ(streams.front().ask("still\n"), "still");
  EXPECT_EQ(streams.back().ask("there\n"), "there");
  streams.clear();
  await_no_connections();
  connected();
}

TEST_F(VsockFrontGuest, LetsTheGuestCallTheHost) {
  const UniqueFd listener = listen_unix(guest_->uds() + "_5000");
  std::jthread host([&] {
    LineClient called(UniqueFd(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC)));
    EXPECT_EQ(called.read_line(), "from the guest");
    called.send("from the host\n");
  });
  EXPECT_EQ(guest_->run("echo from the guest | vsock_probe dial 2 5000"), "from the host\nEOF\n");
}

TEST_F(VsockFrontGuest, ResetsACallOfTheGuestThatNobodyTakes) {
  EXPECT_EQ(guest_->run("vsock_probe dial 2 5001"), "connect: errno " + std::to_string(ECONNRESET) + "\n");
  listen_unix(guest_->uds() + "_5002");  // its file stays
  EXPECT_EQ(guest_->run("vsock_probe dial 2 5002"), "connect: errno " + std::to_string(ECONNRESET) + "\n");
}

// A call waits for a place in the queue, and all that the guest sends behind it; dials go on.
TEST_F(VsockFrontGuest, WaitsWhileTheQueueOfAListenerIsFull) {
  const UniqueFd listener = listen_unix(guest_->uds() + "_5003");
  ::listen(listener.get(), 0);
  const LineClient first = LineClient::connect(guest_->uds() + "_5003");
  std::jthread host([&] {
    std::this_thread::sleep_for(300ms);
    UniqueFd(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
    LineClient called(UniqueFd(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC)));
    EXPECT_EQ(called.read_line(), "late");
  });
  EXPECT_EQ(guest_->run("echo late | vsock_probe dial 2 5003"), "EOF\n");
}

TEST_F(VsockFrontGuest, EndsAllConnectionsButNoListenerAtAReset) {
  const UniqueFd listener = listen_unix(guest_->uds() + "_5004");
  guest_->run("vsock_probe dial 2 5004 >/tmp/called 2>&1 &");
  LineClient called(UniqueFd(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC)));
  LineClient stream = connected();
  const std::uint32_t port = guest_->front().last_host_port();
  guest_->front().reset();
  EXPECT_TRUE(stream.at_end());
  EXPECT_TRUE(called.at_end());
  EXPECT_EQ(guest_->run("until [ -s /tmp/called ]; do sleep 0.01; done; cat /tmp/called"), "EOF\n");
  EXPECT_EQ(dial().read_line(), "OK " + std::to_string(port + 1));
}

TEST_F(VsockFrontGuest, KeepsStreamsOverAPause) {
  LineClient stream = connected();
  guest_->execute(R"({"execute":"stop"})");
  EXPECT_FALSE(guest_->front().driver_is_up());
  LineClient waiting = dial();
  stream.send("sent meanwhile\n");
  EXPECT_EQ(stream.read_line(Deadline::after(100ms)), std::nullopt);
  EXPECT_EQ(waiting.read_line(Deadline::after(100ms)), std::nullopt);
  guest_->execute(R"({"execute":"cont"})");
  EXPECT_EQ(stream.read_line(), "sent meanwhile");
  EXPECT_THAT(waiting.read_line().value_or(""), testing::StartsWith("OK 10737"));
}

// What a snapshot takes: QEMU cannot save the device, so it is not there meanwhile.
TEST_F(VsockFrontGuest, ComesBackWhenItWasUnplugged) {
  LineClient stream = connected();
  const std::uint32_t port = guest_->front().last_host_port();
  guest_->replug();
  EXPECT_TRUE(stream.at_end());
  LineClient after = dial();
  EXPECT_EQ(after.read_line(), "OK " + std::to_string(port + 1));
  EXPECT_EQ(after.ask("the listener has survived\n"), "the listener has survived");
}

TEST_F(VsockFrontGuest, EndsStreamsWithQemuAndLeavesNothing) {
  LineClient stream = connected();
  guest_->kill_qemu();
  EXPECT_TRUE(stream.at_end());
  EXPECT_EQ(dial().read_line(Deadline::after(100ms)), std::nullopt);
  for (const std::string& name : names_in(guest_->dir()))
    EXPECT_THAT(name, testing::AnyOf("initramfs", "console.log", "shell.sock", "qmp.sock", "vsock",
                                     testing::StartsWith("vsock_500")));
}

}  // namespace
}  // namespace microvm::test
