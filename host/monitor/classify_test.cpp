// Why a VMM has ended: what Firecracker and Linux really said.
#include "host/monitor/classify.h"

#include <gtest/gtest.h>
#include <signal.h>

namespace microvm::monitor {
namespace {

using enum ExitReason;
using enum Certainty;

const std::string kPanic = "Kernel panic - not syncing: sysrq triggered crash";
const std::string kDown = "reboot: Power down";
const std::string kRestart = "reboot: Restarting system";
constexpr Intent kCtrlAltDel{Intent::Kind::CtrlAltDel, 0};
constexpr Intent kKill{Intent::Kind::Kill, SIGKILL};

const std::string kHead = "2026-11-30T10:00:00.123456789 [web-1:main] ";
const std::vector<std::string> kGood = {kHead + "Vmm is stopping.", kHead + "Killing vCPU threads",
                                        kHead + "Firecracker exiting successfully. exit_code=0"};
const std::vector<std::string> kTriple = {
    "2026-11-30T10:00:00.1 [web-1:fc_vcpu 0] Unexpected exit reason on vcpu run: Shutdown", kHead + "Vmm is stopping.",
    kHead + "Killing vCPU threads", kHead + "RunWithApiError error: MicroVM stopped with an error: GenericError",
    kHead + "Firecracker exiting with error. exit_code=1"};
const std::vector<std::string> kTripleWithZero = {kTriple[0], kGood[0], kGood[1], kGood[2]};
const std::vector<std::string> kBadConfig = {
    kHead + "Running Firecracker v1.16.1",
    kHead + "RunWithApiError error: Failed to build MicroVM from Json: Invalid JSON",
    kHead + "Firecracker exiting with error. exit_code=1"};
const std::vector<std::string> kBus = {kHead + "Shutting down VM after intercepting signal 7, code 2."};
const std::vector<std::string> kHup = {kHead + "Shutting down VM after intercepting signal 1, code 0."};
const std::vector<std::string> kRust = {kHead + "Firecracker panicked at src/firecracker/src/main.rs:212:14:",
                                        "called `Result::unwrap()` on an `Err` value: ParseIntError"};

struct Row {
  const char* name;
  Evidence evidence;
  ExitReason reason;
  Certainty certainty;
  const char* detail;  ///< a part of it
};

const Row kRows[] = {
    {"reboot, said", {.code = 0, .rebooting = kRestart, .log = kGood}, GuestReboot, Certain, "Restarting"},
    {"reboot, unsaid", {.code = 0, .log = kGood}, GuestReboot, Likely, "no panic"},
    {"code 0 and no word", {.code = 0}, GuestReboot, Likely, "no panic"},
    {"panic", {.code = 0, .panic = kPanic, .log = kGood}, GuestPanic, Certain, "sysrq"},
    {"panic, then reboot", {.code = 0, .panic = kPanic, .rebooting = kRestart}, GuestPanic, Certain, "sysrq"},
    {"panic by triple fault", {.code = 1, .panic = kPanic, .log = kTriple}, GuestPanic, Certain, "sysrq"},
    {"panic and unseen status", {.panic = kPanic}, GuestPanic, Certain, "sysrq"},
    {"reboot by triple fault", {.code = 1, .rebooting = kRestart, .log = kTriple}, GuestReboot, Certain, "Restart"},
    {"stopped, said", {.code = 0, .rebooting = kRestart, .intent = kCtrlAltDel}, Stopped, Certain, "Restarting"},
    {"stopped, unsaid", {.code = 0, .log = kGood, .intent = kCtrlAltDel}, Stopped, Likely, "asked"},
    {"stopped by panic", {.code = 0, .panic = kPanic, .intent = kCtrlAltDel}, GuestPanic, Certain, "sysrq"},
    {"powered off and ended", {.signal = SIGKILL, .powered_off = kDown}, GuestPoweroff, Certain, "Power down"},
    {"powered off, then killed",
     {.signal = SIGKILL, .powered_off = kDown, .intent = kKill},
     GuestPoweroff,
     Certain,
     ""},
    {"powered off by itself", {.code = 0, .powered_off = kDown, .log = kGood}, GuestPoweroff, Certain, "Power"},
    {"powered off, unseen", {.powered_off = kDown}, GuestPoweroff, Certain, "Power"},
    {"powered off, then SEGV", {.signal = SIGSEGV, .powered_off = kDown}, VmmSignal, Certain, "SIGSEGV"},
    {"killed", {.signal = SIGKILL, .intent = kKill}, Killed, Certain, "SIGKILL"},
    {"killed after a panic", {.signal = SIGKILL, .panic = kPanic, .intent = kKill}, Killed, Certain, "Kernel panic"},
    {"killed after asking", {.signal = SIGKILL, .intent = kCtrlAltDel}, VmmSignal, Certain, "SIGKILL"},
    {"killed by another signal", {.signal = SIGTERM, .intent = kKill}, VmmSignal, Certain, "SIGTERM"},
    {"killed by others", {.signal = SIGKILL}, VmmSignal, Certain, "SIGKILL"},
    {"killed, unseen", {.intent = kKill}, Killed, Likely, "SIGKILL"},
    {"a signal without a name", {.signal = SIGRTMIN + 1}, VmmSignal, Certain, "signal "},
    {"caught SIGBUS", {.code = 149, .log = kBus}, VmmSignal, Certain, "SIGBUS"},
    {"caught SIGBUS, unseen", {.log = kBus}, VmmSignal, Certain, "SIGBUS"},
    {"caught, ours", {.code = 156, .log = kHup, .intent = {Intent::Kind::Kill, SIGHUP}}, Killed, Certain, "SIGHUP"},
    {"Rust panic", {.signal = SIGABRT, .log = kRust}, VmmError, Certain, "panicked at"},
    {"Rust panic, unseen", {.log = kRust}, VmmError, Certain, "panicked at"},
    {"triple fault", {.code = 1, .log = kTriple}, VmmError, Certain, "Unexpected exit reason"},
    {"triple fault with code 0", {.code = 0, .log = kTripleWithZero}, VmmError, Certain, "Unexpected exit reason"},
    {"triple fault, unseen", {.log = kTriple}, VmmError, Certain, "exit code 1: "},
    {"bad configuration",
     {.code = 1, .log = kBadConfig},
     VmmError,
     Certain,
     "exit code 1: 2026-11-30T10:00:00.123456789 [web-1:main] RunWithApiError"},
    {"bad arguments", {.code = 153}, VmmError, Certain, "exit code 153"},
    {"good words, unseen", {.log = kGood}, GuestReboot, Likely, "no panic"},
    {"stopped, unseen", {.log = kGood, .intent = kCtrlAltDel}, Stopped, Likely, "asked"},
    {"nothing", {}, Unknown, None, "nobody"},
};

TEST(Classify, KnowsEachEnd) {
  for (const Row& row : kRows) {
    SCOPED_TRACE(row.name);
    const Conclusion conclusion = classify(row.evidence);
    EXPECT_EQ(reason_name(conclusion.reason), reason_name(row.reason));
    EXPECT_EQ(certainty_name(conclusion.certainty), certainty_name(row.certainty));
    EXPECT_NE(conclusion.detail.find(row.detail), std::string::npos) << conclusion.detail;
  }
}

TEST(Classify, DetailIsBounded) {
  EXPECT_LE(classify({.signal = 9, .panic = std::string(2000, 'x'), .intent = kKill}).detail.size(), 512U);
}

TEST(Classify, ReadsAnIntent) {
  EXPECT_EQ(parse_intent("ctrl-alt-del\n").kind, Intent::Kind::CtrlAltDel);
  EXPECT_EQ(parse_intent("kill 9\n").kind, Intent::Kind::Kill);
  EXPECT_EQ(parse_intent("kill 15\n").signal, 15);
  for (const char* bad : {"", "kill", "kill 9", "kill x\n", "ctrl-alt-del", "KILL 9\n"})
    EXPECT_EQ(parse_intent(bad).kind, Intent::Kind::None) << bad;
}

}  // namespace
}  // namespace microvm::monitor
