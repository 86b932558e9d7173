// The monitor is killed before and after each system call of its start: whatever runs then, `vmm` names.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>

#include "common/posix/process_identity.h"
#include "tests/monitor/stage.h"

namespace microvm::monitor::test {
namespace {

class Kill : public MonitorTest {
 protected:
  // A process of this test's only: the fake VMM carries a word that no other has.
  static std::vector<int> vmms(const std::string& word) {
    std::vector<int> found;
    for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
      const std::string name = entry.path().filename();
      if (name.find_first_not_of("0123456789") != name.npos || std::stoi(name) == ::getpid()) continue;
      std::ifstream file(entry.path() / "cmdline");
      const std::string words((std::istreambuf_iterator<char>(file)), {});
      if (words.find(word) != words.npos) found.push_back(std::stoi(name));
    }
    return found;
  }

  // Lets it go on to its `stop`th stop at a call, and kills it there. False when it waits for events before that.
  bool run_to(std::size_t stop) {
    const int pid = monitor_->pid();
    int status = 0;
    if (::waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status)) return false;
    ::ptrace(PTRACE_SETOPTIONS, pid, nullptr, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL);
    for (std::size_t i = 0; i <= stop; ++i) {
      ::ptrace(PTRACE_SYSCALL, pid, nullptr, nullptr);
      if (::waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status)) return false;
      __ptrace_syscall_info info{};
      ::ptrace(static_cast<__ptrace_request>(PTRACE_GET_SYSCALL_INFO), pid, sizeof info, &info);
      const bool waits = info.op == PTRACE_SYSCALL_INFO_ENTRY && info.entry.nr == SYS_poll;
      // The first wait is for the child's execve.
      if (waits && exists(run_path("vmm")) && ++waits_ == 2) return false;
    }
    return true;
  }
  int waits_ = 0;
};

TEST_F(Kill, AtEachCallOfItsStart) {
  bin_ = required_env("MONITOR_STATIC_BIN");  // few calls, and its own
  std::size_t stops = 0, alive = 0;
  for (bool more = true; more; ++stops) {
    SCOPED_TRACE(stops);
    std::filesystem::remove_all(run_dir_);
    make_dir(run_dir_);
    const std::string word = id_ + "-" + std::to_string(stops);
    ProcessSpec what = spec({}, {"await", word});
    what.before_exec = [] { return ::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) == 0; };
    monitor_ = std::make_unique<Process>(what);
    waits_ = 0;
    more = run_to(stops);
    monitor_->kill();
    // A child that had not been let go ends by itself; what goes on is named.
    std::vector<int> left = vmms(word);
    const auto vmm = posix::parse_identity(exists(run_path("vmm")) ? read_file(run_path("vmm")) : "");
    ASSERT_TRUE(eventually([&] {
      while (::waitpid(-1, nullptr, WNOHANG) > 0) {
      }
      left = vmms(word);
      return left.empty() || (vmm && left.size() == 1 && left.front() == vmm->pid);
    })) << testing::PrintToString(left);
    if (left.empty()) continue;
    ++alive;
    ASSERT_TRUE(posix::open_process(*vmm));
    vmm_pid_ = vmm->pid;
    ::kill(vmm_pid_, SIGKILL);
    reap_vmm();
  }
  EXPECT_GT(stops, 100U);
  EXPECT_GT(alive, 3U);  // the last few
  std::printf("killed at %zu places, %zu of them with a VMM that runs\n", stops, alive);
}

}  // namespace
}  // namespace microvm::monitor::test
