// How a VMM is born, and what is left of one that was not.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "common/posix/process_identity.h"
#include "tests/monitor/stage.h"

namespace microvm::monitor::test {
namespace {

using testing::HasSubstr;
using testing::IsSupersetOf;

using Start = MonitorTest;

TEST_F(Start, NamesBothProcesses) {
  start({"say", "hello"});
  const std::string report = report_->receive();
  const auto vmm = posix::parse_identity(read_file(run_path("vmm")));
  const auto monitor = posix::parse_identity(read_file(run_path("monitor")));
  ASSERT_TRUE(vmm && monitor);
  vmm_pid_ = vmm->pid;
  EXPECT_EQ(report, "vmm " + std::to_string(vmm->pid) + " " + std::to_string(vmm->start_time) + "\n");
  EXPECT_EQ(*posix::identify(vmm->pid), *vmm);
  EXPECT_EQ(*posix::identify(monitor_->pid()), *monitor);
  EXPECT_EQ(monitor->pid, monitor_->pid());
  ASSERT_TRUE(report_->vmm.valid() && report_->monitor.valid());
  report_->acknowledge();
  EXPECT_TRUE(report_->ends());
  ::kill(vmm_pid_, SIGKILL);
  EXPECT_TRUE(wait_readable(report_->vmm.get()));
  EXPECT_TRUE(wait_readable(report_->monitor.get()));
}

TEST_F(Start, MakesItsFilesForItsUserAlone) {
  run({"say", "hello", "await"});
  ASSERT_TRUE(eventually([&] { return exists(state("console.log")); }));
  EXPECT_THAT(run_names(), IsSupersetOf({"console", "console.in", "log", "metrics", "monitor", "monitor.sock", "vmm"}));
  for (const char* fifo : {"console", "console.in", "log", "metrics"}) {
    EXPECT_TRUE(S_ISFIFO(stat_of(run_path(fifo)).st_mode)) << fifo;
    EXPECT_EQ(mode_of(run_path(fifo)), 0600U) << fifo;
  }
  EXPECT_EQ(mode_of(run_path("vmm")), 0600U);
  EXPECT_EQ(mode_of(run_path("monitor")), 0600U);
  EXPECT_EQ(mode_of(state("console.log")), 0600U);
}

TEST_F(Start, GivesTheVmmNothingOfItsOwn) {
  ProcessSpec what = spec({}, {"inspect"});
  what.env["FAKE_VMM_VARIABLE"] = "handed on";
  what.before_exec = [] {
    // As a shell under nohup has it; and a mask.
    ::signal(SIGHUP, SIG_IGN);
    ::signal(SIGPIPE, SIG_IGN);
    sigset_t set;
    ::sigemptyset(&set);
    ::sigaddset(&set, SIGUSR1);
    return ::sigprocmask(SIG_BLOCK, &set, nullptr) == 0 && ::dup2(1, 77) == 77;
  };
  monitor_ = std::make_unique<Process>(what);
  ASSERT_TRUE(eventually([&] { return console_text().ends_with("handed on\n"); })) << monitor_->err();
  vmm_pid_ = posix::parse_identity(read_file(run_path("vmm")))->pid;
  const std::string none = "\t0000000000000000\n";
  EXPECT_EQ(console_text(), "0 1 2 \n/\nSigBlk:" + none + "SigIgn:" + none + "handed on\n");
}

TEST_F(Start, LeavesItsCaller) {
  run({"await"});
  const std::string proc = "/proc/" + std::to_string(monitor_->pid());
  EXPECT_EQ(::getsid(monitor_->pid()), monitor_->pid());
  EXPECT_EQ(std::filesystem::read_symlink(proc + "/cwd"), "/");
  ASSERT_TRUE(report_->ends());
  for (const auto& fd : std::filesystem::directory_iterator(proc + "/fd")) {
    const std::string target = std::filesystem::read_symlink(fd.path());
    const bool own = target.starts_with(dir_.path()) || target.starts_with("anon_inode:") || target == "/dev/null" ||
                     target.starts_with("socket:");
    EXPECT_TRUE(own) << fd.path() << " " << target;
  }
}

TEST_F(Start, HearsNoSignalButTwo) {
  run({"say", "x", "await", "exit", "0"});
  for (const int number : {SIGHUP, SIGINT, SIGQUIT, SIGUSR1, SIGUSR2, SIGPIPE, SIGALRM, SIGTSTP, SIGTTOU})
    ::kill(monitor_->pid(), number);
  EXPECT_EQ(count("log", "bytes"), 0U);
  let_go();
  EXPECT_EQ(ended(), 0);
}

TEST_F(Start, HoldsTheLockWhileItLives) {
  run({"await", "exit", "0"});
  const UniqueFd fd(::open(run_path("monitor").c_str(), O_RDWR | O_CLOEXEC));
  EXPECT_NE(::flock(fd.get(), LOCK_EX | LOCK_NB), 0);
  // Another one leaves everything as it is.
  auto first = std::move(monitor_);
  adopt();
  EXPECT_THAT(report_->receive(), HasSubstr("error lock " + std::to_string(EWOULDBLOCK) + " "));
  EXPECT_EQ(ended(), 1);
  start({"say", "x"});
  EXPECT_THAT(report_->receive(), HasSubstr("error lock "));
  EXPECT_EQ(ended(), 1);
  monitor_ = std::move(first);
  EXPECT_TRUE(exists(run_path("monitor.sock")));
  let_go();
  EXPECT_EQ(ended(), 0);
  EXPECT_EQ(::flock(fd.get(), LOCK_EX | LOCK_NB), 0);
}

TEST_F(Start, SaysWhichStepFailed) {
  start({"/nowhere/firecracker"});
  EXPECT_EQ(report_->receive(), "error exec 2 /nowhere/firecracker: No such file or directory\n");
  EXPECT_EQ(ended(), 1);
  EXPECT_TRUE(run_names().empty());
  start({"/dev/null"});
  EXPECT_THAT(report_->receive(), HasSubstr("error exec 13 "));
  EXPECT_EQ(ended(), 1);
  EXPECT_TRUE(run_names().empty());
  EXPECT_TRUE(names_in(state_dir_).empty());
}

TEST_F(Start, WithoutAReportItSaysSoOnStandardError) {
  const auto finished = microvm::test::run(spec({}, {"/nowhere/firecracker"}));
  EXPECT_EQ(finished.err, "error exec 2 /nowhere/firecracker: No such file or directory\n");
  EXPECT_EQ(finished.status.code, 1);
  EXPECT_EQ(microvm::test::run(spec({}, {})).status.code, 2);
}

TEST_F(Start, WithoutDirectoriesThereIsNone) {
  std::filesystem::remove_all(run_dir_);
  start({"await"});
  EXPECT_THAT(report_->receive(), HasSubstr("error open 2 "));
  EXPECT_EQ(ended(), 1);
}

TEST_F(Start, DoesNotStartASecondVmm) {
  run({"await"});
  monitor_->kill();
  start({"await"});
  EXPECT_THAT(report_->receive(), HasSubstr("error start " + std::to_string(EEXIST) + " "));
  EXPECT_EQ(ended(), 1);
  EXPECT_TRUE(vmm_lives());
  EXPECT_TRUE(exists(run_path("console")));
}

TEST_F(Start, ClearsWhatAnEarlierVmHasLeft) {
  write_file(run_path("console"), "not a fifo");
  write_file(run_path("monitor.sock"), "not a socket");
  write_file(run_path("intent"), "kill 9\n");
  write_file(run_path("vmm"), "1 1 01234567-89ab-cdef-0123-456789abcdef\n");
  run({"await", "exit", "0"});
  let_go();
  EXPECT_EQ(ended(), 0);
  EXPECT_EQ(exit_text("reason"), "guest_reboot");
}

// The driver dies at once, before it has read the message, and before it has recorded the VM.
TEST_F(Start, OfADriverThatDiesNothingIsLeft) {
  for (const int read : {0, 1}) {
    const std::string socket = run_path("api.sock");
    start({"await"}, {"--unlink", socket});
    if (read == 1) {
      const std::string report = report_->receive();
      ASSERT_TRUE(report.starts_with("vmm ")) << report;
      vmm_pid_ = std::stoi(report.substr(4));
    }
    report_->close();
    EXPECT_EQ(ended(), 1);
    EXPECT_TRUE(run_names().empty()) << testing::PrintToString(run_names());
    EXPECT_FALSE(exists(state("exit.json")));
    EXPECT_TRUE(read == 0 || !vmm_lives());
    EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1);  // this is the subreaper of what a monitor leaves
  }
}

TEST_F(Start, ReadsItsFlags) {
  EXPECT_EQ(microvm::test::run({.argv = {bin_, "--version"}}).out.find("microvm-monitor "), 0U);
  EXPECT_THAT(microvm::test::run({.argv = {bin_, "--help"}}).out, HasSubstr("--adopt"));
  const auto bad = microvm::test::run({.argv = {bin_, "--nonsense"}});
  EXPECT_EQ(bad.status.code, 2);
  EXPECT_THAT(bad.err, HasSubstr("microvm-monitor: unknown argument: --nonsense"));
}

}  // namespace
}  // namespace microvm::monitor::test
