// The runtime with real guests: what is handed over, what survives, and how each end is told.
#include "tests/vmm/guest.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <iostream>
#include <thread>

#include "common/base/deadline.h"
#include "microvm/metadata.h"
#include "tests/runtime/subject.h"
#include "tests/support/expect_result.h"
#include "tests/support/files.h"

namespace microvm::test {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::HasSubstr;

class RuntimeGuest : public testing::Test {
 protected:
  RuntimeGuest() {
    RuntimeOptions options = subject.options();
    options.vmm_environment = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "TMPDIR=" + subject.dir()};
    options.api_timeout = 60s;
    runtime_ = make_firecracker_runtime(std::move(options));
  }
  ~RuntimeGuest() override {
    if (HasFailure()) std::cerr << console() << read_file(subject.state_of_vm("vm") + "/vmm.log");
    (void)runtime().remove("vm", true);
  }
  Runtime& runtime() { return *runtime_; }
  Spec spec() {
    Spec spec = subject.spec("vm");
    spec.config.boot_source = boot_source();
    spec.config.machine_config->mem_size_mib = 128;
    spec.config.drives.clear();
    spec.stop = {{StopRung::Kind::CtrlAltDel, 60s}, {StopRung::Kind::Kill, 10s}};
    spec.metadata.timeout = kBootTime;
    return spec;
  }
  // Created and started, with what the spec hands over.
  Phases boot(const Spec& spec) {
    const auto created = runtime().create(spec);
    if (!created) throw std::runtime_error(created.error().message);
    const auto started = runtime().start("vm");
    if (!started) throw std::runtime_error(started.error().message);
    return *started;
  }
  Phases boot() {
    Spec ready = spec();
    ready.metadata.wait = true;
    return boot(ready);
  }
  std::string uds() { return subject.run_of_vm("vm") + "/v.sock"; }
  std::string in_guest(const std::string& line) { return output_in_guest(uds(), line); }
  void tell_guest(const std::string& line) {
    // Its answer may not come any more.
    in_guest("(sleep 0.2; " + line + ") </dev/null >/dev/null 2>&1 &");
  }
  Exit ended() {
    auto exit = runtime().wait("vm", 60s);
    EXPECT_TRUE(exit) << exit.error().message;
    return exit.value_or(Exit{});
  }
  std::string console() {
    return exists(subject.state_of_vm("vm") + "/console.log") ? read_file(subject.state_of_vm("vm") + "/console.log")
                                                              : "";
  }

  Subject subject;
  std::unique_ptr<Runtime> runtime_;
};

TEST_F(RuntimeGuest, HoldsItsEnvironmentAndSecretsBeforeItIsReady) {
  Spec given = spec();
  write_file(subject.dir() + "/app.env", "MODE=from file\nKEPT=yes\n");
  write_file(subject.dir() + "/db.pw", std::string("s3cret\0\n", 8));
  given.metadata.env_files = {subject.dir() + "/app.env"};
  given.metadata.env = {{"MODE", "given"}};
  given.metadata.secrets = {{"db", subject.dir() + "/db.pw"}};
  const Phases phases = boot(given);
  EXPECT_GT(phases.start.count(), 0);
  EXPECT_GT(phases.guest_daemon.count(), 0);
  EXPECT_GT(phases.metadata.count(), 0);
  std::cout << "InstanceStart " << phases.start.count() / 1000 << " ms, daemon after "
            << phases.guest_daemon.count() / 1000 << " ms, metadata " << phases.metadata.count() << " us\n";
  const std::string held = in_guest("cat /run/microvm-guest/env; od -An -tx1 /run/microvm-guest/secrets/db");
  EXPECT_THAT(held, AllOf(HasSubstr("MODE=given"), HasSubstr("KEPT=yes"), HasSubstr("73 33 63 72 65 74 00 0a")));
  const auto info = runtime().inspect("vm");
  ASSERT_TRUE(info);
  EXPECT_TRUE(info->ready);
  // Nowhere on the host but in the file it came from.
  for (const auto& [path, text] : tree(subject.dir() + "/state")) EXPECT_EQ(text.find("s3cret"), text.npos) << path;
  for (const auto& [path, text] : tree(subject.dir() + "/run")) EXPECT_EQ(text.find("s3cret"), text.npos) << path;
}

TEST_F(RuntimeGuest, PauseAndResumeLeaveVsockAlive) {
  boot();
  for (int i = 0; i < 3; ++i) {
    EXPECT_DONE(runtime().pause("vm"));
    EXPECT_EQ(runtime().inspect("vm")->state, VmState::Paused);
    EXPECT_DONE(runtime().resume("vm"));
    EXPECT_EQ(in_guest("echo alive"), "alive");
    EXPECT_DONE(metadata::wait_until_answered({.uds_path = uds()}, {.connect_timeout = 30s}));
  }
}

TEST_F(RuntimeGuest, StopsByCtrlAltDel) {
  boot();
  const auto outcome = runtime().stop("vm");
  ASSERT_TRUE(outcome) << outcome.error().message;
  ASSERT_EQ(outcome->tried.size(), 1U);
  EXPECT_EQ(outcome->tried[0].kind, StopRung::Kind::CtrlAltDel);
  EXPECT_TRUE(outcome->tried[0].worked);
  EXPECT_EQ(outcome->exit.code, 0);
  EXPECT_EQ(outcome->exit.reason, ExitReason::Stopped);
}

TEST_F(RuntimeGuest, ARungThatCannotWorkIsSkipped) {
  Spec given = spec();
  *given.config.boot_source->boot_args += " i8042.nokbd";
  given.metadata.wait = true;
  boot(given);
  const auto outcome = runtime().stop("vm");
  ASSERT_TRUE(outcome) << outcome.error().message;
  ASSERT_EQ(outcome->tried.size(), 2U);
  EXPECT_THAT(outcome->tried[0].skipped, HasSubstr("i8042.nokbd"));
  EXPECT_TRUE(outcome->tried[1].worked);
  EXPECT_EQ(outcome->exit.reason, ExitReason::Killed);
}

TEST_F(RuntimeGuest, ARebootIsOne) {
  boot();
  tell_guest("reboot -f");
  const Exit exit = ended();
  EXPECT_EQ(exit.code, 0);
  EXPECT_EQ(exit.reason, ExitReason::GuestReboot);
  EXPECT_EQ(exit.certainty, Certainty::Certain) << "the kernel says so on the console";
}

TEST_F(RuntimeGuest, APanicIsOne) {
  boot();
  tell_guest("echo c >/proc/sysrq-trigger");
  const Exit exit = ended();
  EXPECT_EQ(exit.code, 0);
  EXPECT_EQ(exit.reason, ExitReason::GuestPanic);
  EXPECT_EQ(exit.certainty, Certainty::Certain);
  EXPECT_THAT(exit.detail, HasSubstr("sysrq"));
}

TEST_F(RuntimeGuest, APowerOffIsNoticed) {
  boot();
  tell_guest("poweroff -f");
  EXPECT_EQ(ended().reason, ExitReason::GuestPoweroff);
}

TEST_F(RuntimeGuest, APanicEndsTheWaitForItsDaemon) {
  Spec given = spec();
  given.metadata.wait = true;
  *given.config.boot_source->boot_args += " rdinit=/nowhere";
  ASSERT_TRUE(runtime().create(given));
  const auto started = runtime().start("vm");
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().code, ErrorCode::VmmDied) << started.error().message;
  EXPECT_THAT(started.error().message, HasSubstr("anic"));
  EXPECT_EQ(ended().reason, ExitReason::GuestPanic);
}

TEST_F(RuntimeGuest, OutlivesItsDriver) {
  // Another process creates and starts it, and is killed as soon as the guest runs.
  const pid_t driver = ::fork();
  if (driver == 0) {
    try {
      boot();
    } catch (...) {
      ::_exit(1);
    }
    ::kill(::getpid(), SIGKILL);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(driver, &status, 0), driver);
  ASSERT_TRUE(WIFSIGNALED(status));
  const auto info = runtime().inspect("vm");
  ASSERT_TRUE(info) << info.error().message;
  EXPECT_EQ(info->state, VmState::Running);
  EXPECT_EQ(in_guest("echo here"), "here");
  EXPECT_THAT(console(), HasSubstr("vsock is up"));
  // Its monitor as well: the console goes on with the next one.
  ASSERT_EQ(::kill(info->monitor->pid, SIGKILL), 0);
  ASSERT_TRUE(eventually([&] { return ::kill(info->monitor->pid, 0) != 0; }));
  in_guest("echo said without a monitor >/dev/console");
  EXPECT_TRUE(runtime().list());
  EXPECT_TRUE(eventually([&] { return console().find("said without a monitor") != std::string::npos; }));
  const auto outcome = runtime().stop("vm");
  ASSERT_TRUE(outcome) << outcome.error().message;
  EXPECT_EQ(outcome->exit.reason, ExitReason::Stopped);
}

TEST_F(RuntimeGuest, AFloodOfTheConsoleCostsItsLimit) {
  Spec given = spec();
  given.metadata.wait = true;
  given.console_bytes = 1U << 20U;
  boot(given);
  // Emulated serial ports are slow: as much as comes in a while, which is more than the limit.
  in_guest(
      "timeout 20 dd if=/dev/zero bs=64k 2>/dev/null | tr '\\0' x | fold -w 100 | head -c 20000000 >/dev/console; "
      "true");
  std::uint64_t size = 0;
  for (const char* const name : {"/console.log", "/console.log.1"})
    if (exists(subject.state_of_vm("vm") + name))
      size += static_cast<std::uint64_t>(stat_of(subject.state_of_vm("vm") + name).st_size);
  EXPECT_GT(size, given.console_bytes / 4);
  EXPECT_LE(size, given.console_bytes);
  EXPECT_EQ(in_guest("echo alive"), "alive");
}

}  // namespace
}  // namespace microvm::test
