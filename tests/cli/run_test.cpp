// `microvm run` as a process: its console, its signals, its terminal and its end.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <signal.h>

#include <array>

#include "tests/cli/pseudo_terminal.h"
#include "tests/support/files.h"
#include "tests/support/process.h"
#include "tests/support/temp_dir.h"

namespace microvm::test {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;
using Words = std::vector<std::string>;

class RunTest : public testing::Test {
 protected:
  RunTest() { write_file(dir_ / "vm.json", R"({"boot-source":{"kernel_image_path":"/k"},"microvm":{"id":"vm"}})"); }

  ProcessSpec spec(const std::string& script, Words more = {}) {
    Words argv = {required_env("MICROVM_DOUBLE_BIN"),
                  "run",
                  dir_ / "vm.json",
                  "--state-dir",
                  dir_ / "state",
                  "--run-dir",
                  dir_ / "run"};
    argv.insert(argv.end(), more.begin(), more.end());
    return {.argv = argv, .env = {{"MICROVM_DOUBLE", script}, {"MICROVM_DOUBLE_CALLS", dir_ / "calls"}}};
  }
  Finished run_to_end(const std::string& script, Words more = {}) { return run(spec(script, std::move(more))); }

  // With a terminal for all but standard error.
  Process on(PseudoTerminal& terminal, const std::string& script, std::map<std::string, std::string> env = {}) {
    ProcessSpec process = spec(script);
    process.env.merge(env);
    process.fds = {{terminal.line(), 0}, {terminal.line(), 1}};
    process.before_exec = PseudoTerminal::control;
    return Process(process);
  }

  std::vector<std::string> calls() {
    std::vector<std::string> lines;
    const std::string text = read_file(dir_ / "calls");
    for (std::size_t at = 0, end = 0; (end = text.find('\n', at)) != std::string::npos; at = end + 1) {
      lines.push_back(text.substr(at, end - at));
    }
    return lines;
  }
  // The guest may go on.
  void open(const std::string& gate) { write_file(dir_ / gate, ""); }
  std::string wait_for(const std::string& gate) { return "\nwait " + (dir_ / gate); }

  static int code(Process& process) {
    const auto status = process.wait(20s);
    return status ? status->code : -2;
  }

  TempDir dir_;
};

TEST_F(RunTest, ShowsTheConsoleAndEndsAsTheGuestDoes) {
  const Finished done = run_to_end("say \x1b[1mone\npart tw\nsay o\nready\npart login: \nend guest_reboot");
  EXPECT_EQ(done.status.code, 0);
  EXPECT_EQ(done.out, "\x1b[1mone\ntwo\nlogin: ");
  EXPECT_EQ(done.err, "microvm: vm: ready in 12.0 ms (process 2.1, start 9.9)\nmicrovm: vm: guest_reboot (certain)\n");
  EXPECT_THAT(calls(), ElementsAre("create vm", "start vm", "wait vm"));
  EXPECT_EQ(run_to_end("end stopped", {"--quiet", "--name", "other"}).err, "");
}

TEST_F(RunTest, TheExitCodeTellsTheReason) {
  for (const auto& [reason, expected] :
       {std::pair("guest_panic", 10), std::pair("vmm_error", 11), std::pair("vmm_signal", 11), std::pair("killed", 12),
        std::pair("unknown", 13)}) {
    const Finished done = run_to_end(std::string("end ") + reason, {"--rm"});
    EXPECT_EQ(done.status.code, expected) << done.err;
    EXPECT_THAT(done.err, HasSubstr(std::string("microvm: vm: ") + reason));
    EXPECT_EQ(calls().back(), "remove vm");
  }
}

TEST_F(RunTest, TheFirstCtrlCStops) {
  PseudoTerminal terminal;
  Process stopped = on(terminal, "say up");
  terminal.wait_for("up\r\n");
  terminal.type("\x03");
  EXPECT_EQ(code(stopped), 0) << stopped.err();
  EXPECT_THAT(stopped.err(), AllOf(HasSubstr("microvm: stopping"), HasSubstr("microvm: vm: stopped")));
}

TEST_F(RunTest, TheSecondCtrlCKills) {
  PseudoTerminal terminal;
  Process killed = on(terminal, "stubborn\nsay up");
  terminal.wait_for("up\r\n");
  terminal.type("\x03");
  ASSERT_TRUE(killed.wait_err("stopping", Deadline::after(kPatience)));
  EXPECT_FALSE(killed.wait(50ms));
  terminal.type("\x03");
  EXPECT_EQ(code(killed), 12) << killed.err();
  EXPECT_THAT(calls(), AllOf(testing::Contains("stop vm"), testing::Contains("kill vm 9")));
}

TEST_F(RunTest, SigtermStopsOnce) {
  Process process(spec("stubborn\nsay up" + wait_for("gate") + "\nend stopped"));
  ASSERT_TRUE(process.wait_err("ready", Deadline::after(kPatience)));
  process.signal(SIGTERM);
  ASSERT_TRUE(process.wait_err("stopping", Deadline::after(kPatience)));
  process.signal(SIGTERM);
  EXPECT_FALSE(process.wait(50ms));
  open("gate");
  EXPECT_EQ(code(process), 0);
  EXPECT_THAT(calls(), Not(testing::Contains("kill vm 9")));
}

TEST_F(RunTest, ALostTerminalDetaches) {
  PseudoTerminal terminal;
  Process process = on(terminal, "say up");
  terminal.wait_for("up\r\n");
  terminal.hang_up();
  EXPECT_EQ(code(process), 0) << process.err();
  EXPECT_THAT(process.err(), HasSubstr("the VM goes on"));
  EXPECT_THAT(calls(), ElementsAre("create vm", "start vm"));
}

TEST_F(RunTest, ATerminalLostEarlyStillSeesTheStartThrough) {
  Process process(spec(wait_for("gate").substr(1) + "\nready"));
  while (!exists(dir_ / "state/vms/vm")) ASSERT_FALSE(process.wait(1ms));
  process.signal(SIGHUP);
  ASSERT_TRUE(process.wait_err("detached", Deadline::after(kPatience)));
  EXPECT_FALSE(process.wait(50ms));
  open("gate");
  EXPECT_EQ(code(process), 0);
  EXPECT_THAT(process.err(), HasSubstr("ready in"));
}

TEST_F(RunTest, AClosedPipeDetaches) {
  for (const char* script : {"", "say word"}) {
    std::array<int, 2> ends{};
    ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
    UniqueFd reader(ends[0]);
    UniqueFd writer(ends[1]);
    ProcessSpec process = spec(std::string(script) + wait_for("gate"), {"--name", *script == 0 ? "quiet" : "loud"});
    process.fds = {{writer.get(), 1}};
    Process microvm(process);
    writer.reset();
    ASSERT_TRUE(microvm.wait_err("ready", Deadline::after(kPatience)));
    EXPECT_FALSE(microvm.wait(50ms));
    reader.reset();
    EXPECT_EQ(code(microvm), 0) << microvm.err();
    EXPECT_THAT(microvm.err(), HasSubstr("the VM goes on"));
  }
}

TEST_F(RunTest, AReaderThatStandsStillKeepsNoSignalAway) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  const UniqueFd reader(ends[0]);
  UniqueFd writer(ends[1]);
  std::string flood = "stubborn";
  for (int i = 0; i < 300; ++i) flood += "\nsay " + std::string(400, 'x');
  flood += "\nready";
  ProcessSpec process = spec(flood);
  process.fds = {{writer.get(), 1}};
  Process microvm(process);
  writer.reset();
  ASSERT_TRUE(microvm.wait_err("ready", Deadline::after(kPatience)));
  microvm.signal(SIGINT);
  ASSERT_TRUE(microvm.wait_err("stopping", Deadline::after(kPatience)));
  microvm.signal(SIGINT);
  std::string text(300 * 401, '\0');
  std::size_t size = 0;
  for (ssize_t n = 1; n > 0; size += static_cast<std::size_t>(n)) {
    n = ::read(reader.get(), text.data() + size, text.size() - size);
  }
  EXPECT_EQ(code(microvm), 12);
  EXPECT_EQ(size, text.size());
  EXPECT_THAT(calls(), testing::Contains("kill vm 9"));
}

TEST_F(RunTest, ALogThatIsRenamedIsReadOn) {
  Process process(
      spec("say one" + wait_for("a") + "\nrotate" + wait_for("b") + "\nsay two\nrotate\nsay three\nend stopped",
           {"--name", "other"}));
  while (process.out() != "one\n") ASSERT_FALSE(process.wait(1ms));
  open("a");
  while (!exists(dir_ / "state/vms/other/console.log.1")) ASSERT_FALSE(process.wait(1ms));
  open("b");
  EXPECT_EQ(code(process), 0);
  EXPECT_EQ(process.out(), "one\ntwo\nthree\n");
}

TEST_F(RunTest, AGuestWithoutItsMetadataGoesOn) {
  const Finished done = run_to_end("say up\nunready no daemon\nsay more\nend guest_reboot");
  EXPECT_EQ(done.status.code, 3);
  EXPECT_EQ(done.out, "up\nmore\n");
  EXPECT_THAT(done.err, StartsWith("microvm: handshake_timeout: no daemon\n"));
  const Finished detached = run_to_end("unready no daemon", {"--detach", "--name", "other"});
  EXPECT_EQ(detached.status.code, 3);
  EXPECT_THAT(detached.err, AllOf(HasSubstr("other: goes on without its metadata"), HasSubstr("handshake_timeout")));
}

TEST_F(RunTest, AGuestThatDiesBeforeItIsReady) {
  const Finished done = run_to_end("say Kernel panic\nend guest_panic\nready");
  EXPECT_EQ(done.status.code, 10);
  EXPECT_EQ(done.out, "Kernel panic\n");
  EXPECT_THAT(done.err, AllOf(HasSubstr("vmm_died"), HasSubstr("guest_panic (certain)")));
  const Finished detached = run_to_end("end guest_panic\nready", {"-d", "--name", "other"});
  EXPECT_EQ(detached.status.code, 3);
  EXPECT_THAT(detached.err, AllOf(HasSubstr("vmm_died"), Not(HasSubstr("goes on"))));
}

TEST_F(RunTest, CtrlCWhileItIsCreatedLeavesNothing) {
  ProcessSpec slow = spec("");
  slow.env["MICROVM_DOUBLE_GATE"] = dir_ / "gate";
  Process process(slow);
  while (!exists(dir_ / "gate.reached")) ASSERT_FALSE(process.wait(1ms));
  process.signal(SIGINT);
  ASSERT_TRUE(process.wait_err("stopping", Deadline::after(kPatience)));
  open("gate");
  EXPECT_EQ(code(process), 2);
  EXPECT_THAT(process.err(), HasSubstr("microvm: io: interrupted before the guest was started"));
  EXPECT_THAT(calls(), ElementsAre("create vm"));
}

TEST_F(RunTest, CtrlCWhileItIsStartedStopsIt) {
  ProcessSpec busy = spec("say up" + wait_for("never") + "\nready");
  busy.env["MICROVM_DOUBLE_BUSY"] = "2";
  Process process(busy);
  while (process.out() != "up\n") ASSERT_FALSE(process.wait(1ms));
  process.signal(SIGINT);
  ASSERT_TRUE(process.wait_err("stopping", Deadline::after(kPatience)));
  process.signal(SIGINT);
  EXPECT_EQ(code(process), 12) << process.err();
  EXPECT_THAT(calls(), testing::Contains("kill vm 9"));
}

TEST_F(RunTest, DetachedItOnlyPrintsTheId) {
  const Finished text = run_to_end("say up\nready", {"-d"});
  EXPECT_EQ(text.status.code, 0);
  EXPECT_EQ(text.out, "vm\n");
  EXPECT_THAT(text.err, StartsWith("microvm: vm: ready in"));
  const Finished json = run_to_end("", {"-d", "--output", "json", "--name", "b", "--quiet"});
  EXPECT_THAT(json.out, StartsWith(R"({"id":"b","phases":{"process_us":2100,)"));
  EXPECT_EQ(json.err, "");
  EXPECT_EQ(run_to_end("", {"-d", "--rm"}).status.code, 2);
  EXPECT_EQ(run_to_end("", {"--output", "json"}).status.code, 2);
}

}  // namespace
}  // namespace microvm::test
