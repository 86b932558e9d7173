// From InstanceStart to a daemon that answers, and what can be seen of a boot.
#include <cstdio>
#include <cstdlib>

#include "tests/vmm/vmm_test.h"

namespace microvm::test {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

// The number behind or before `text`, which a line of the console holds.
double number_after(const std::string& console, const std::string& text) {
  const std::size_t at = console.find(text);
  return at == std::string::npos ? -1 : std::atof(&console[at + text.size()]);
}
double number_before(const std::string& console, const std::string& text) {
  const std::size_t at = console.find(text);
  if (at == std::string::npos) return -1;
  return std::atof(&console[console.rfind('\n', at) + 1]);  // npos + 1 is the first line
}

TEST_F(VmmTest, GuestBootsAndItsDaemonAnswers) {
  const BootReport& report = boot_report();
  ASSERT_TRUE(eventually([] { return guest().vmm().output().contains("info: listening on vsock port 5555, "); }));
  const std::string console = guest().vmm().output();
  const double init = number_after(console, "init at ") * 1e3;
  const double listening = number_before(console, " microvm-guest-metadatad: info: listening") / 1e6;
  EXPECT_GT(init, 0) << console;
  EXPECT_GT(listening, init) << console;
  std::printf(
      "start of the VMM to its first answer: %.0f ms\n"
      "InstanceStart: %.0f ms\n"
      "InstanceStart answered to the daemon's first answer: %.0f ms, of which\n"
      "  the kernel to init: %.0f ms\n"
      "  init to a listening daemon: %.0f ms\n"
      "  before the kernel's clock, and to the first answer: %.0f ms\n",
      ms(report.api_ready), ms(report.instance_start), ms(report.first_answer), init, listening - init,
      ms(report.first_answer) - listening);
}

TEST_F(VmmTest, ConnectBeforeTheGuestsDriverIsUpIsHeld) {
  const BootReport& report = boot_report();
  EXPECT_TRUE(report.was_held);
  // The driver comes up before the daemon: EOF then, unless the daemon was quick.
  EXPECT_THAT(report.held_answer.value_or("OK "), StartsWith("OK "));
}

TEST_F(VmmTest, ConsoleIsStandardOutput) {
  EXPECT_THAT(guest().vmm().process().out(), HasSubstr("vsock is up"));
  guest().output("echo mark $((6 * 7)) >/dev/console");
  EXPECT_TRUE(eventually([] { return guest().vmm().process().out().contains("mark 42"); }));
}

TEST_F(VmmTest, InstanceIsWhatWasConfigured) {
  EXPECT_EQ(must(guest()->get_instance_info()).state, fcapi::VmState::Running);
  const auto config = must(guest()->get_vm_config());
  EXPECT_EQ(config.drives.size(), 2U);
  EXPECT_EQ(config.boot_source->boot_args, boot_source().boot_args);
  EXPECT_EQ(guest().output("nproc"), "1");
  EXPECT_LT(std::stol(guest().output("sed -n 's/^MemTotal: *//p' /proc/meminfo")), 128 * 1024);
  EXPECT_GT(std::stol(guest().output("sed -n 's/^MemTotal: *//p' /proc/meminfo")), 80 * 1024);
}

}  // namespace
}  // namespace microvm::test
