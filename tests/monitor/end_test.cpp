// How a VMM ended, in exit.json, and what is left then.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/posix/unix_address.h"
#include "tests/monitor/stage.h"

namespace microvm::monitor::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsSubsetOf;

using End = MonitorTest;

TEST_F(End, IsRecordedAndEverythingTakenBack) {
  const std::string socket = run_path("api.sock"), file = run_path("not-a-socket");
  const auto address = posix::unix_address(socket);
  const UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  ASSERT_EQ(::bind(fd.get(), reinterpret_cast<const sockaddr*>(&*address), sizeof *address), 0);
  write_file(file, "");
  run({"say", "one", "say", "t\"w\\o", "err", "careful", "exit", "3"}, {"--unlink", socket, "--unlink", file});
  EXPECT_EQ(ended(), 0);
  const std::string text = read_file(state("exit.json"));
  EXPECT_TRUE(text.starts_with(
      R"({"version":1,"code":3,"signal":null,"reason":"vmm_error","certainty":"certain","detail":"exit code 3: careful",)"
      R"("console_tail":["one","t\"w\\o"],"vmm_tail":["careful"],"finished":"20)"))
      << text;
  EXPECT_TRUE(text.ends_with("Z\"}\n")) << text;
  EXPECT_THAT(run_names(), ElementsAre("monitor", "not-a-socket", "vmm"));
  EXPECT_THAT(names_in(state_dir_), ElementsAre("console.log", "exit.json", "vmm.log"));
  EXPECT_THAT(
      read_file(dir_ / "state/events.jsonl"),
      HasSubstr("\"id\":\"" + id_ + "\",\"what\":\"exited\",\"detail\":\"vmm_error: exit code 3: careful\"}\n"));
}

TEST_F(End, ASignalIsOne) {
  run({"die", std::to_string(SIGSEGV)});
  EXPECT_EQ(ended(), 0);
  EXPECT_EQ(exit_text("code"), "null");
  EXPECT_EQ(exit_text("signal"), "11");
  EXPECT_EQ(exit_text("reason"), "vmm_signal");
  EXPECT_EQ(exit_text("detail"), "SIGSEGV");
}

TEST_F(End, OfAVmmThatIsKilledIsKnownAtOnce) {
  run({"say", "one", "await"});
  ASSERT_TRUE(eventually([&] { return console_text() == "one\n"; }));
  const auto before = std::chrono::steady_clock::now();
  ::syscall(SYS_pidfd_send_signal, report_->vmm.get(), SIGKILL, nullptr, 0);
  while (!exists(state("exit.json")) && std::chrono::steady_clock::now() - before < kPatience) ::usleep(200);
  const auto took = std::chrono::steady_clock::now() - before;
  EXPECT_LT(took, milliseconds(100));
  EXPECT_EQ(exit_text("reason"), "vmm_signal");
  EXPECT_EQ(ended(), 0);
}

TEST_F(End, AnIntentSaysWhoseSignalItWas) {
  run({"await"});
  write_file(run_path("intent"), "kill 9\n");
  ::kill(vmm_pid_, SIGKILL);
  EXPECT_EQ(exit_text("reason"), "killed");
}

TEST_F(End, AnIntentSaysWhyTheGuestRebooted) {
  run({"await", "say", "reboot: Restarting system", "exit", "0"});
  write_file(run_path("intent"), "ctrl-alt-del\n");
  let_go();
  EXPECT_EQ(exit_text("reason"), "stopped");
  EXPECT_EQ(exit_text("certainty"), "certain");
}

TEST_F(End, TheLastBytesAreNotLost) {
  run({"flood", "60000", "put", "Kernel panic - not syncing: without a newline", "exit", "0"});
  EXPECT_EQ(ended(), 0);
  EXPECT_EQ(exit_text("reason"), "guest_panic");
  EXPECT_TRUE(console_text().ends_with("|\nKernel panic - not syncing: without a newline"));
}

TEST_F(End, AProcessThatIsLeftDoesNotDelayIt) {
  run({"say", "one", "child", "await", "exit", "0"});
  const std::string cgroup = exists(run_path("cgroup")) ? read_file(run_path("cgroup")) : "";
  const auto before = std::chrono::steady_clock::now();
  let_go();
  EXPECT_EQ(exit_text("reason"), "guest_reboot");
  EXPECT_LT(std::chrono::steady_clock::now() - before, milliseconds(400));  // with the sanitizers' slowness
  EXPECT_EQ(ended(), 0);
  if (cgroup.empty()) GTEST_SKIP() << "no cgroup2 hierarchy can be written";
  // Where the VM has a cgroup, it goes with the VM.
  EXPECT_FALSE(exists(cgroup.substr(0, cgroup.size() - 1)));
  EXPECT_FALSE(exists(run_path("cgroup")));
}

}  // namespace
}  // namespace microvm::monitor::test
