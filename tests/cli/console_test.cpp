// `microvm console`: attached to a monitor that the test plays, on a terminal and without one.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "tests/cli/pseudo_terminal.h"
#include "tests/support/files.h"
#include "tests/support/line_client.h"
#include "tests/support/process.h"
#include "tests/support/temp_dir.h"

namespace microvm::test {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

class ConsoleTest : public testing::Test {
 protected:
  ConsoleTest() {
    make_dir(dir_ / "run");
    make_dir(dir_ / "run/vm");
    if (::mkfifo((dir_ / "run/vm/console.in").c_str(), 0600) != 0) throw std::runtime_error("mkfifo");
    // As the VMM has it: for reading and writing.
    guest_.reset(::open((dir_ / "run/vm/console.in").c_str(), O_RDWR | O_CLOEXEC | O_NONBLOCK));
  }

  ProcessSpec spec(std::vector<std::string> more = {}) {
    std::vector<std::string> argv = {
        required_env("MICROVM_DOUBLE_BIN"), "console", "vm", "--state-dir", dir_ / "state", "--run-dir", dir_ / "run"};
    argv.insert(argv.end(), more.begin(), more.end());
    return {.argv = argv, .env = {{"MICROVM_DOUBLE_RUNNING", "vm"}, {"MICROVM_DOUBLE_CALLS", dir_ / "calls"}}};
  }
  Process on(PseudoTerminal& terminal, std::vector<std::string> more = {}) {
    ProcessSpec process = spec(std::move(more));
    process.fds = {{terminal.line(), 0}, {terminal.line(), 1}};
    process.before_exec = PseudoTerminal::control;
    return Process(process);
  }
  // The other end of a console that has asked to follow.
  LineClient followed() {
    LineClient console(UniqueFd(::accept4(monitor_.get(), nullptr, nullptr, SOCK_CLOEXEC)));
    EXPECT_EQ(console.read_line(), "follow");
    return console;
  }
  // So much of what was typed to the guest.
  std::string typed(std::size_t size) {
    std::string text;
    const Deadline deadline = Deadline::after(kPatience);
    while (text.size() < size && !deadline.passed()) {
      pollfd readable{.fd = guest_.get(), .events = POLLIN, .revents = 0};
      ::poll(&readable, 1, deadline.poll_ms());
      std::string piece(65536, '\0');
      const ssize_t n = ::read(guest_.get(), piece.data(), piece.size());
      if (n > 0) text += piece.substr(0, static_cast<std::size_t>(n));
    }
    return text;
  }
  static int code(Process& process) {
    const auto status = process.wait(20s);
    return status ? status->code : -2;
  }

  TempDir dir_;
  UniqueFd guest_;
  UniqueFd monitor_;
};

TEST_F(ConsoleTest, KeysGoToTheGuestAndTheConsoleComesBack) {
  monitor_ = listen_unix(dir_ / "run/vm/monitor.sock");
  PseudoTerminal terminal;
  const termios before = terminal.settings();
  Process process = on(terminal);
  LineClient monitor = followed();
  monitor.send("\x1b[1mlogin: ");
  terminal.wait_for("\x1b[1mlogin: ");
  // Raw: Ctrl-C and Enter are the guest's, and nothing is echoed.
  EXPECT_EQ(terminal.settings().c_lflag & (ICANON | ECHO | ISIG), 0U);
  terminal.type("ls\r\x03\x10x");
  EXPECT_EQ(typed(6), "ls\r\x03\x10x");
  terminal.type("\x10");
  terminal.type("\x11");
  EXPECT_EQ(code(process), 0) << process.err();
  EXPECT_EQ(terminal.settings().c_lflag, before.c_lflag);
  EXPECT_EQ(terminal.wait_for("login").find("ls"), std::string::npos);
}

TEST_F(ConsoleTest, OtherKeysMayLeaveIt) {
  monitor_ = listen_unix(dir_ / "run/vm/monitor.sock");
  PseudoTerminal terminal;
  Process process = on(terminal, {"--detach-keys", "ctrl-]"});
  LineClient monitor = followed();
  monitor.send("up");
  terminal.wait_for("up");
  terminal.type("\x10\x11\x1d");
  EXPECT_EQ(code(process), 0);
  EXPECT_EQ(typed(2), "\x10\x11");
}

TEST_F(ConsoleTest, ASignalGivesTheTerminalBack) {
  for (const int signal : {SIGTERM, SIGHUP, SIGINT}) {
    SCOPED_TRACE(signal);
    ::unlink((dir_ / "run/vm/monitor.sock").c_str());
    monitor_ = listen_unix(dir_ / "run/vm/monitor.sock");
    PseudoTerminal terminal;
    const termios before = terminal.settings();
    Process process = on(terminal);
    LineClient monitor = followed();
    monitor.send("up");
    terminal.wait_for("up");
    process.signal(signal);
    EXPECT_EQ(code(process), 0);
    EXPECT_EQ(terminal.settings().c_lflag, before.c_lflag);
  }
}

TEST_F(ConsoleTest, AGuestThatReadsNothingCanBeLeft) {
  monitor_ = listen_unix(dir_ / "run/vm/monitor.sock");
  PseudoTerminal terminal;
  Process process = on(terminal);
  LineClient monitor = followed();
  monitor.send("up");
  terminal.wait_for("up");
  // More than the pipe and the command together hold.
  for (int i = 0; i < 200; ++i) terminal.type(std::string(500, 'x'));
  terminal.type("\x10\x11");
  EXPECT_EQ(code(process), 0);
}

TEST_F(ConsoleTest, AFileIsSentWholeHoweverSlowTheGuestReads) {
  monitor_ = listen_unix(dir_ / "run/vm/monitor.sock");
  ProcessSpec with_file = spec({"--detach-keys", ""});
  for (int i = 0; i < 30'000; ++i) with_file.input += "line " + std::to_string(i) + "\n";
  Process process(with_file);
  LineClient monitor = followed();
  std::string got;
  while (got.size() < with_file.input.size()) {
    const std::string piece = typed(1);
    ASSERT_FALSE(piece.empty());
    got += piece;
  }
  EXPECT_EQ(got, with_file.input);
  EXPECT_FALSE(process.wait(20ms));
  monitor.send("done\n");
  monitor.close();
  // The double's VM goes on, so the monitor must have died.
  EXPECT_EQ(code(process), 3);
  EXPECT_EQ(process.out(), "done\n");
  EXPECT_THAT(process.err(), HasSubstr("connection_lost: vm goes on"));
}

TEST_F(ConsoleTest, NoMonitorAndNoVm) {
  const Finished none = run(spec());
  EXPECT_EQ(none.status.code, 3);
  EXPECT_THAT(none.err, HasSubstr("microvm: socket_missing: "));
  monitor_ = listen_unix(dir_ / "run/vm/monitor.sock");
  monitor_.reset();
  EXPECT_THAT(run(spec()).err, HasSubstr("microvm: refused: "));
  monitor_ = (::unlink((dir_ / "run/vm/monitor.sock").c_str()), listen_unix(dir_ / "run/vm/monitor.sock"));
  guest_.reset();
  EXPECT_THAT(run(spec()).err, HasSubstr("microvm: vmm_died: "));
  EXPECT_EQ(run(spec({"--detach-keys", "ctrl-"})).status.code, 2);
}

}  // namespace
}  // namespace microvm::test
