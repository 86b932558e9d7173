// Pause and resume, snapshots and their clones, and every way in which a guest ends.
#include <poll.h>

#include <algorithm>
#include <cstdio>
#include <thread>

#include "host/vsock/dial.h"
#include "tests/support/files.h"
#include "tests/vmm/vmm_test.h"

namespace microvm::test {
namespace {

using namespace fcapi;
using namespace std::chrono_literals;
using testing::EndsWith;
using testing::HasSubstr;

// Of shared guests; each snapshot lives in the folder of the one it was taken of.
class StatesTest : public VmmTest {
 protected:
  static ErrorCode dial_code(const std::string& uds) {
    const auto stream = vsock::dial(uds, kDaemonPort, Deadline::after(500ms));
    if (stream) throw std::runtime_error(uds + " answers");
    return stream.error().code;
  }
  static std::string echo(LineClient& probe) { return probe.ask("line\n"); }
  static LineClient probe_of(const Guest& guest) {
    return LineClient(must(vsock::dial(guest.uds(), 6000, Deadline::after(kBootTime))));
  }

  // Paused, saved and resumed, with a connection that is open all the time.
  static void take_snapshot() {
    static std::string taken_in;
    if (taken_in == dir()) return;
    must(guest().daemon().set_env({{"KEPT", "yes"}}));
    guest().output(
        "pidof vsock_listen || { ln -sf /bin/vsock_probe /run/vsock_listen;"
        " /run/vsock_listen listen 6000 >/run/listen.log 2>&1 & }");
    LineClient open = probe_of(guest());
    ASSERT_THAT(echo(open), EndsWith(" line"));
    for (int i = 0; i < 20; ++i) {  // more than a clone makes before it is asked
      LineClient stream = guest().connect("5555");
      last_host_port = host_port(stream);
    }
    must(guest()->patch_vm({TargetState::Paused}));
    must(guest()->create_snapshot({.snapshot_path = "state", .mem_file_path = "memory"}));
    must(guest()->patch_vm({TargetState::Resumed}));
    taken_in = dir();
  }

  static inline unsigned long last_host_port = 0;  // before the snapshot

  static void load(Guest& clone, const std::string& tap, bool resume) {
    SnapshotLoad load{.snapshot_path = "state",
                      .mem_backend = MemoryBackend{BackendType::File, "memory"},
                      .resume_vm = resume,
                      .vsock_override = VsockOverride{clone.vsock_name()}};
    if (has_network()) load.network_overrides = {{"eth0", tap}};
    must(clone->load_snapshot(load));
  }

  // Firecracker's last words, and its exit code.
  static void expect_regular_end(Guest& guest, const std::string& log) {
    EXPECT_EQ(guest.vmm().process().wait(30s), ExitStatus{.code = 0});
    EXPECT_THAT(log.empty() ? guest.vmm().output() : read_file(log),
                AllOf(HasSubstr("Vmm is stopping."), EndsWith("Firecracker exiting successfully. exit_code=0\n")));
  }
};

TEST_F(StatesTest, PausedGuestStandsStillAndItsVsockIsHealed) {
  const auto written = [] { return guest().vmm().process().out().size(); };
  const std::string ticker =
      guest().output("while :; do echo tick; usleep 50000; done </dev/null >/dev/console 2>&1 & echo $!");
  LineClient open = guest().connect("5555");
  host_port(open);
  EXPECT_DONE(guest()->patch_vm({TargetState::Paused}));
  EXPECT_EQ(must(guest()->get_instance_info()).state, VmState::Paused);
  std::this_thread::sleep_for(200ms);  // what was under way
  const auto then = written();
  EXPECT_EQ(dial_code(guest().uds()), ErrorCode::HandshakeTimeout);
  EXPECT_EQ(written(), then);

  guest()->take_warnings();
  EXPECT_DONE(guest()->patch_vm({TargetState::Resumed}));
  EXPECT_TRUE(eventually([&] { return written() > then + 10; }));
  const bool is_1_16 = guest()->version() >= Version{1, 16, 0} && guest()->version() < Version{1, 17, 0};
  const auto warnings = guest()->take_warnings();
  EXPECT_EQ(std::any_of(warnings.begin(), warnings.end(),
                        [](const Warning& warning) { return warning.code == "vsock_dead_after_resume"; }),
            is_1_16);
  if (Vmm::is_real() && is_1_16) {
    EXPECT_EQ(dial_code(guest().uds()), ErrorCode::HandshakeTimeout);
  } else {
    EXPECT_THAT(open.ask("{\"op\":\"ping\",\"id\":\"1\"}\n"), HasSubstr("\"ok\":true"));
  }
  // Refused, and still it resets the guest's vsock.
  EXPECT_FAULT(guest()->create_snapshot({.snapshot_path = "none", .mem_file_path = "none"}), "not_paused");
  EXPECT_DONE(guest().daemon().ping());
  EXPECT_EQ(open.ask("{\"op\":\"ping\",\"id\":\"2\"}\n"), "");
  guest().output("kill " + ticker);
}

TEST_F(StatesTest, TwoClonesAnswerAtOnceBesideTheirSource) {
  take_snapshot();
  Guest first(dir(), "first");
  const auto before = Deadline::Clock::now();
  load(first, "tap1", true);
  const auto loaded = Deadline::Clock::now();
  EXPECT_DONE(first.daemon().ping());
  std::printf("load of a snapshot: %.0f ms, then the daemon's first answer: %.0f ms\n", ms(loaded - before),
              ms(Deadline::Clock::now() - loaded));
  Guest second(dir(), "second");
  load(second, "tap2", false);
  EXPECT_EQ(must(second->get_instance_info()).state, VmState::Paused);
  EXPECT_DONE(second->patch_vm({TargetState::Resumed}));

  for (Guest* each : {&first, &second, &guest()}) {
    EXPECT_EQ(each->output("cat /run/microvm-guest/env"), "KEPT=yes");
    // The probe serves one connection at a time: that of the snapshot is gone, its listener is not.
    LineClient probe = probe_of(*each);
    EXPECT_THAT(echo(probe), EndsWith(" line"));
  }
  LineClient stream = first.connect("5555");
  EXPECT_GT(host_port(stream), last_host_port);
  EXPECT_DONE(first.daemon().set_env({{"CLONE", "1"}}));
  EXPECT_DONE(second.daemon().set_env({{"CLONE", "2"}}));
  EXPECT_EQ(first.output("cat /run/microvm-guest/env"), "CLONE=1");
  EXPECT_EQ(second.output("cat /run/microvm-guest/env"), "CLONE=2");
  EXPECT_EQ(guest().output("cat /run/microvm-guest/env"), "KEPT=yes");

  first.output("reboot -f >/dev/null 2>&1 &");
  expect_regular_end(first, {});
}

TEST_F(StatesTest, KilledOneLeavesNoProcessAndNoFile) {
  take_snapshot();
  Guest victim(dir(), "victim");
  load(victim, "tap1", true);
  EXPECT_DONE(victim.daemon().ping());
  const auto family = victim.vmm().descendants();
  EXPECT_EQ(family.empty(), Vmm::is_real());
  victim.vmm().process().kill();
  for (const UniqueFd& process : family) {
    pollfd gone{.fd = process.get(), .events = POLLIN, .revents = 0};
    EXPECT_EQ(::poll(&gone, 1, 10'000), 1);
  }
  EXPECT_THAT(names_in(victim.vmm().temporary()), testing::IsEmpty());
  EXPECT_EQ(dial_code(victim.uds()), ErrorCode::Refused);  // Firecracker leaves its sockets
}

TEST_F(StatesTest, CtrlAltDelEndsAGuestWhoseConsoleIsAFile) {
  drop_guest();  // two at once take more than twice as long
  const TempDir own;
  Guest machine(own.path(), "own");
  must(machine->put_logger({.log_path = "log", .level = LogLevel::Info}));
  must(machine->put_serial({.serial_out_path = "console"}));
  must(machine->put_boot_source(boot_source()));
  must(machine->put_vsock({.guest_cid = 4, .uds_path = machine.vsock_name()}));
  must(machine->put_action({ActionType::InstanceStart}));
  ASSERT_TRUE(
      eventually([&] { return read_file(own / "console").contains("info: listening on vsock port"); }, kBootTime))
      << read_file(own / "console") << machine.vmm().output();
  EXPECT_EQ(machine.connect("5555").read_line(), "OK 1073741824");
  EXPECT_EQ(machine.connect("5555").read_line(), "OK 1073741825");

  EXPECT_DONE(machine->put_action({ActionType::SendCtrlAltDel}));
  expect_regular_end(machine, own / "log");
  EXPECT_THAT(machine.vmm().process().out(), testing::Not(HasSubstr("vsock is up")));
}

}  // namespace
}  // namespace microvm::test
