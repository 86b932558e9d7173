#include "host/monitor/launch.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "common/base/deadline.h"
#include "common/posix/retry.h"
#include "host/monitor/limits.h"

namespace microvm::monitor {
namespace {

constexpr char kGo = 'g';

// Everything from here to execve is a system call: the child has a copy of this process's memory, and one thread.

void default_signals() noexcept {
  // Handlers end with execve by themselves.
  struct sigaction action{};
  for (int number = 1; number < NSIG; ++number) {
    if (::sigaction(number, nullptr, &action) != 0 || action.sa_handler != SIG_IGN) continue;
    action.sa_handler = SIG_DFL;
    ::sigaction(number, &action, nullptr);
  }
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

[[noreturn]] void run_child(const Launch::Plan& plan, int control) noexcept {
  char go = 0;
  // The monitor is dead, or has given up.
  if (posix::retry([&] { return ::read(control, &go, 1); }) != 1 || go != kGo) ::_exit(127);
  int failed = 0;
  if (::dup2(plan.stdin_fd, STDIN_FILENO) < 0 || ::dup2(plan.stdout_fd, STDOUT_FILENO) < 0 ||
      ::dup2(plan.stderr_fd, STDERR_FILENO) < 0 || ::dup2(control, 3) < 0)
    failed = errno;
  // What shall go on is closed by execve; the rest at once, as another thread's descriptors could not be missed.
  if (failed == 0 && (::fcntl(3, F_SETFD, FD_CLOEXEC) != 0 || ::syscall(SYS_close_range, 4U, ~0U, 0U) != 0))
    failed = errno;
  if (failed == 0) {
    default_signals();
    ::execve(plan.program[0], const_cast<char* const*>(plan.program), plan.environment);
    failed = errno;
    control = 3;
  }
  (void)posix::retry([&] { return ::write(control, &failed, sizeof failed); });
  ::_exit(127);
}

pid_t clone_child(int* pidfd, int cgroup) noexcept {
  clone_args args{};
  args.flags = CLONE_PIDFD;
  args.pidfd = reinterpret_cast<std::uintptr_t>(pidfd);
  args.exit_signal = SIGCHLD;
  if (cgroup >= 0) {
    args.flags |= CLONE_INTO_CGROUP;
    args.cgroup = static_cast<unsigned>(cgroup);
  }
  return static_cast<pid_t>(::syscall(SYS_clone3, &args, sizeof args));
}

}  // namespace

std::expected<Launch, Failed> Launch::clone(const Plan& plan) {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0)
    return std::unexpected(Failed{"clone", errno, "a pair of sockets"});
  Launch launch;
  launch.control_.reset(ends[0]);
  const UniqueFd child_end(ends[1]);
  int pidfd = -1;
  launch.pid_ = clone_child(&pidfd, plan.cgroup);
  // A cgroup may refuse a process that the monitor's own takes.
  if (launch.pid_ < 0 && plan.cgroup >= 0) launch.pid_ = clone_child(&pidfd, -1);
  if (launch.pid_ == 0) {
    ::close(ends[0]);  // so that the monitor's death is seen
    run_child(plan, ends[1]);
  }
  if (launch.pid_ < 0) return std::unexpected(Failed{"clone", errno, "clone3"});
  launch.pidfd_.reset(pidfd);
  return launch;
}

int Launch::execute() noexcept { return ::send(control_.get(), &kGo, 1, MSG_NOSIGNAL) == 1 ? 0 : errno; }

std::expected<void, Failed> Launch::executed(const char* program) noexcept {
  const auto failed = [&](int why) { return std::unexpected(Failed{"exec", why, program}); };
  pollfd answer{.fd = control_.get(), .events = POLLIN, .revents = 0};
  const Deadline deadline = Deadline::after(kExec);
  int why = 0;
  ssize_t n = 0;
  if (posix::retry([&] { return ::poll(&answer, 1, deadline.poll_ms()); }) <= 0) return failed(ETIMEDOUT);
  if ((n = posix::retry([&] { return ::read(control_.get(), &why, sizeof why); })) != 0)
    return failed(n == sizeof why ? why : EIO);
  control_.reset();
  return {};
}

void Launch::give_up() noexcept {
  if (!pidfd_.valid()) return;
  ::syscall(SYS_pidfd_send_signal, pidfd_.get(), SIGKILL, nullptr, 0);
  siginfo_t info{};
  (void)posix::retry([&] { return ::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED); });
  pidfd_.reset();
}

}  // namespace microvm::monitor
