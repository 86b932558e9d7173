// Dialling the guest through every state of its VM, and through VMMs that answer badly.
#include "host/vsock/dial.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <fstream>

#include "common/posix/unix_address.h"
#include "tests/host/guests.h"
#include "tests/support/files.h"
#include "tests/support/temp_dir.h"
#include "tests/support/vsock_double.h"

namespace microvm::vsock {
namespace {

using namespace std::chrono_literals;
using test::kPort;
using test::LineClient;
using test::VsockDouble;
using testing::AllOf;
using testing::Ge;
using testing::HasSubstr;
using testing::Lt;

constexpr auto kPatience = 20s;
// How late a deadline may be kept on a busy machine.
constexpr auto kSlack = 300ms;

class DialTest : public testing::Test {
 protected:
  Result<UniqueFd> dial_in(std::chrono::milliseconds time) { return dial(uds_, kPort, Deadline::after(time)); }

  // Dials until `time` is over, and expects just that, and `code`.
  void expect_failure(ErrorCode code, std::chrono::milliseconds time) {
    Result<UniqueFd> stream;
    const auto took = test::time_of([&] { stream = dial_in(time); });
    ASSERT_FALSE(stream);
    EXPECT_EQ(code_name(stream.error().code), code_name(code));
    EXPECT_THAT(took, AllOf(Ge(time), Lt(time + kSlack)));
    message_ = stream.error().message;
    sys_errno_ = stream.error().sys_errno;
    EXPECT_THAT(message_, AllOf(HasSubstr(uds_), HasSubstr("5555"), HasSubstr(" ms"), HasSubstr("tried")));
  }

  UniqueFd listen_at_uds(int type, int backlog) {
    UniqueFd fd(::socket(AF_UNIX, type | SOCK_CLOEXEC, 0));
    const sockaddr_un address = posix::unix_address(uds_).value();
    EXPECT_EQ(::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    if (backlog >= 0) {
      EXPECT_EQ(::listen(fd.get(), backlog), 0);
    }
    return fd;
  }

  test::TempDir dir_;
  std::string uds_ = dir_.path() + "/v.sock";
  std::string message_;
  int sys_errno_ = 0;
};

TEST_F(DialTest, GivesAStreamWithNothingReadBehindOk) {
  VsockDouble vsock(uds_);
  vsock.answer_next([](LineClient& host) {
    host.send("OK 1073741824\nhello\n");
    host.read_line();
  });
  auto stream = dial_in(kPatience);
  ASSERT_TRUE(stream) << stream.error().message;
  EXPECT_NE(::fcntl(stream->get(), F_GETFD) & FD_CLOEXEC, 0);
  EXPECT_NE(::fcntl(stream->get(), F_GETFL) & O_NONBLOCK, 0);
  EXPECT_EQ(LineClient(std::move(*stream)).read_some(), "hello\n");
}

TEST_F(DialTest, MissingSocket) {
  expect_failure(ErrorCode::SocketMissing, 120ms);
  EXPECT_EQ(sys_errno_, ENOENT);
}

TEST_F(DialTest, StaleSocket) {
  listen_at_uds(SOCK_STREAM, 1).reset();
  expect_failure(ErrorCode::Refused, 120ms);
  EXPECT_EQ(sys_errno_, ECONNREFUSED);
}

TEST_F(DialTest, NobodyListensInTheGuest) {
  VsockDouble vsock(uds_);
  expect_failure(ErrorCode::NotListening, 120ms);
  EXPECT_GT(vsock.connects(), 10U);
}

TEST_F(DialTest, ResetBeforeOk) {
  const UniqueFd listener = listen_at_uds(SOCK_STREAM, 8);
  std::thread vmm([&] {
    // Closed with CONNECT unread.
    LineClient first(UniqueFd(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC)));
    pollfd readable{.fd = first.fd(), .events = POLLIN, .revents = 0};
    ::poll(&readable, 1, -1);
    first.close();
    LineClient second(UniqueFd(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC)));
    EXPECT_EQ(second.read_line(), "CONNECT 5555");
    second.send("OK 5555\n");
  });
  EXPECT_TRUE(dial_in(kPatience));
  vmm.join();
}

TEST_F(DialTest, DriverNotUp) {
  VsockDouble vsock(uds_, false);
  expect_failure(ErrorCode::HandshakeTimeout, 300ms);
  EXPECT_THAT(message_, HasSubstr("1.16.1"));
}

TEST_F(DialTest, SilentTriesAreGivenUpAndEachGetsMoreTime) {
  VsockDouble vsock(uds_);
  vsock.ignore(kPort);
  expect_failure(ErrorCode::HandshakeTimeout, 1s);
  // 250 ms, 500 ms and what is left.
  EXPECT_EQ(vsock.connects(), 3U);
}

TEST_F(DialTest, AnAnswerToTheSecondTryCounts) {
  VsockDouble vsock(uds_);
  vsock.answer_next([&](LineClient&) { vsock.pause(2s); });
  vsock.listen(kPort, test::daemon());
  Result<UniqueFd> stream;
  EXPECT_THAT(test::time_of([&] { stream = dial_in(kPatience); }), AllOf(Ge(250ms), Lt(1s)));
  EXPECT_TRUE(stream);
  EXPECT_EQ(vsock.connects(), 2U);
}

TEST_F(DialTest, ATryCutShortDoesNotHideTheFailureBefore) {
  VsockDouble vsock(uds_);
  std::thread sleeper([&] {
    vsock.pause(100ms);
    vsock.ignore(kPort);
  });
  expect_failure(ErrorCode::NotListening, 200ms);
  sleeper.join();
}

TEST_F(DialTest, AFullBacklogIsNotYet) {
  const UniqueFd listener = listen_at_uds(SOCK_STREAM, 0);
  const LineClient filler = LineClient::connect(uds_);
  expect_failure(ErrorCode::HandshakeTimeout, 100ms);
  EXPECT_EQ(sys_errno_, EAGAIN);
  std::thread vmm([&] {
    std::this_thread::sleep_for(30ms);
    const LineClient first(UniqueFd(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC)));
    LineClient second(UniqueFd(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC)));
    second.send("OK 1073741824\n");
    second.read_line();
    second.read_line();
  });
  EXPECT_TRUE(dial_in(kPatience));
  vmm.join();
}

TEST_F(DialTest, EndsBeforeOkAreTriedAgain) {
  VsockDouble vsock(uds_);
  vsock.answer_next([](LineClient&) {});
  vsock.answer_next([](LineClient& host) { host.send("OK 10737"); });
  vsock.answer_next([](LineClient& host) { host.send("O"); });
  vsock.listen(kPort, test::daemon());
  EXPECT_TRUE(dial_in(kPatience));
  EXPECT_EQ(vsock.connects(), 4U);
}

TEST_F(DialTest, AnOkInPieces) {
  VsockDouble vsock(uds_);
  vsock.answer_next([&](LineClient& host) {
    for (const char c : std::string_view("OK 1073741824\nx")) {
      host.send({&c, 1});
      vsock.pause(2ms);
    }
    host.read_line();
  });
  auto stream = dial_in(kPatience);
  ASSERT_TRUE(stream) << stream.error().message;
  EXPECT_EQ(LineClient(std::move(*stream)).read_some(), "x");
}

TEST_F(DialTest, AByteNowAndThenDoesNotStretchTheDeadline) {
  VsockDouble vsock(uds_);
  for (int i = 0; i < 3; ++i) {
    vsock.answer_next([&](LineClient& host) {
      for (const char c : std::string_view("OK 1073741824")) {
        if (!vsock.pause(60ms) || !host.send({&c, 1})) return;
      }
    });
  }
  expect_failure(ErrorCode::HandshakeTimeout, 400ms);
}

TEST_F(DialTest, AnotherAnswerThanOkIsAnErrorAtOnce) {
  VsockDouble vsock(uds_);
  for (const char* answer : {"OK\n", "OK \n", "ok 5\n", "OK 12x\n", "OK -5\n", "OK  5\n", "OK 5 \n", "OK 5\r\n", "\n",
                             "ERR", "KO 5\n", "HTTP/1.1 400 \r\n", "OK 12345678901234567890123456789"}) {
    vsock.answer_next([answer](LineClient& host) {
      host.send(answer);
      host.read_line();
    });
    Result<UniqueFd> stream;
    EXPECT_THAT(test::time_of([&] { stream = dial_in(kPatience); }), Lt(2s));
    ASSERT_FALSE(stream) << answer;
    EXPECT_EQ(stream.error().code, ErrorCode::BadHandshake) << answer;
    EXPECT_THAT(stream.error().message, HasSubstr(uds_));
  }
}

TEST_F(DialTest, OtherFailuresAreErrorsAtOnce) {
  test::write_file(dir_.path() + "/file", "");
  Result<UniqueFd> stream = dial(dir_.path() + "/file/v.sock", kPort, Deadline::after(kPatience));
  ASSERT_FALSE(stream);
  EXPECT_EQ(stream.error().code, ErrorCode::Io);
  EXPECT_EQ(stream.error().sys_errno, ENOTDIR);

  const UniqueFd datagrams = listen_at_uds(SOCK_DGRAM, -1);
  stream = dial_in(kPatience);
  ASSERT_FALSE(stream);
  EXPECT_EQ(stream.error().code, ErrorCode::Io);
  EXPECT_EQ(stream.error().sys_errno, EPROTOTYPE);
}

TEST_F(DialTest, PathsAsLongAsTheKernelTakes) {
  uds_ = dir_.path() + "/" + std::string(107 - dir_.path().size() - 1, 'v');
  VsockDouble vsock(uds_);
  vsock.listen(kPort, test::daemon());
  EXPECT_TRUE(dial_in(kPatience));

  const auto stream = dial(uds_ + "v", kPort, Deadline::after(kPatience));
  ASSERT_FALSE(stream);
  EXPECT_EQ(stream.error().code, ErrorCode::Invalid);
  EXPECT_THAT(stream.error().message, AllOf(HasSubstr("108 bytes"), HasSubstr("107"), HasSubstr(dir_.path())));
  for (const std::string_view path : {std::string_view(""), std::string_view("a\0b", 3)}) {
    EXPECT_EQ(dial(path, kPort, Deadline::after(kPatience)).error().code, ErrorCode::Invalid);
  }
}

TEST_F(DialTest, WaitsWithoutSpinningOrLeaking) {
  const auto cpu = [] {
    rusage used{};
    ::getrusage(RUSAGE_THREAD, &used);
    return used.ru_utime.tv_sec * 1000 + used.ru_utime.tv_usec / 1000 + used.ru_stime.tv_sec * 1000 +
           used.ru_stime.tv_usec / 1000;
  };
  VsockDouble vsock(uds_);
  const std::size_t files = test::names_in("/proc/self/fd").size();
  const auto before = cpu();
  expect_failure(ErrorCode::NotListening, 500ms);
  EXPECT_LT(cpu() - before, 250);
  // The double may still have to close its end of the last stream.
  EXPECT_LE(test::names_in("/proc/self/fd").size(), files + 1);
}

}  // namespace
}  // namespace microvm::vsock
