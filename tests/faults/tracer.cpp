// Stops at the entry and the exit of every call; a fault changes the registers there.
#include "tests/faults/tracer.h"

#include <signal.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <stdexcept>
#include <system_error>
#include <utility>

#ifndef __x86_64__
#error "the registers below are x86_64's"
#endif

namespace microvm::faults {
namespace {

constexpr std::array kWaits = {SYS_epoll_wait, SYS_epoll_pwait};
constexpr std::array kWrites = {SYS_write, SYS_pwrite64, SYS_sendto};
constexpr int kSyscallStop = SIGTRAP | 0x80;  // PTRACE_O_TRACESYSGOOD

template <std::size_t N>
bool is_one_of(const std::array<int, N>& numbers, std::uint64_t number) {
  return std::ranges::find(numbers, static_cast<int>(number)) != numbers.end();
}

template <class Data>
void trace(int request, pid_t pid, unsigned long address, Data data) {
  if (::ptrace(static_cast<__ptrace_request>(request), pid, address, data) < 0) {
    throw std::system_error(errno, std::generic_category(), "ptrace request " + std::to_string(request));
  }
}

// One that has been killed is gone already.
void go_on(pid_t pid, int signal) {
  if (::ptrace(PTRACE_SYSCALL, pid, nullptr, signal) != 0 && errno != ESRCH) {
    throw std::system_error(errno, std::generic_category(), "PTRACE_SYSCALL");
  }
}

void change_registers(pid_t pid, auto change) {
  user_regs_struct registers{};
  trace(PTRACE_GETREGS, pid, 0, &registers);
  change(registers);
  trace(PTRACE_SETREGS, pid, 0, &registers);
}

sigset_t child_signal() {
  sigset_t set;
  ::sigemptyset(&set);
  ::sigaddset(&set, SIGCHLD);
  return set;
}

test::ProcessSpec traced(test::ProcessSpec spec) {
  spec.before_exec = [] { return ::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) == 0; };
  return spec;
}

// A stop is used up; an end is left to Process, which waits for it itself.
siginfo_t wait_for_change(pid_t pid, Deadline deadline) {
  const sigset_t set = child_signal();
  for (;;) {
    siginfo_t info{};
    if (::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WSTOPPED | WNOHANG | WNOWAIT) != 0) {
      throw std::system_error(errno, std::generic_category(), "waitid");
    }
    if (info.si_pid == pid) {
      if (info.si_code == CLD_TRAPPED || info.si_code == CLD_STOPPED) {
        ::waitid(P_PID, static_cast<id_t>(pid), &info, WSTOPPED);
      }
      return info;
    }
    if (deadline.passed()) throw std::runtime_error("the traced daemon neither waits nor ends");
    const timespec left{.tv_sec = 0, .tv_nsec = 100'000'000};
    ::sigtimedwait(&set, nullptr, &left);
  }
}

}  // namespace

Tracer::Tracer(test::ProcessSpec spec) : process_(traced(std::move(spec))) {
  const sigset_t set = child_signal();
  ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
  wait_for_change(process_.pid(), Deadline::after(test::kPatience));
  trace(PTRACE_SETOPTIONS, process_.pid(), 0, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL);
}

// False when it has ended.
bool Tracer::next_stop(int signal, Deadline deadline) {
  for (;;) {
    if (!std::exchange(resumed_, false)) go_on(process_.pid(), signal);
    const siginfo_t info = wait_for_change(process_.pid(), deadline);
    if (info.si_code != CLD_TRAPPED && info.si_code != CLD_STOPPED) return false;
    if (info.si_status == kSyscallStop) return true;
    signal = info.si_status == SIGTRAP ? 0 : info.si_status;  // handed on
  }
}

void Tracer::resume() {
  go_on(process_.pid(), 0);
  resumed_ = true;
}

std::vector<Call> Tracer::run(const std::optional<Fault>& fault, Deadline deadline) {
  std::vector<Call> calls;
  // The fault, if it strikes the last call.
  const auto struck = [&]() -> const Fault* {
    if (!fault || (fault->number && fault->number != calls.back().number)) return nullptr;
    const auto same = [&](const Call& call) { return !fault->number || fault->number == call.number; };
    const auto index = static_cast<std::size_t>(std::ranges::count_if(calls, same)) - 1;
    return index == fault->at || (fault->lasting && index > fault->at) ? &*fault : nullptr;
  };
  if (waits_) {
    calls.push_back({.number = SYS_epoll_pwait});
    if (!resumed_) enter(calls.back(), struck());
  }
  waits_ = false;
  while (next_stop(0, deadline)) {
    __ptrace_syscall_info info{};
    trace(PTRACE_GET_SYSCALL_INFO, process_.pid(), sizeof info, &info);
    if (info.op == PTRACE_SYSCALL_INFO_ENTRY) {
      waits_ = is_one_of(kWaits, info.entry.nr);
      if (waits_) break;
      calls.push_back({.number = info.entry.nr});
      enter(calls.back(), struck());
    } else if (!calls.empty()) {  // not the exit of exec
      calls.back().result = info.exit.rval;
      leave(calls.back(), struck());
    }
  }
  return calls;
}

void Tracer::enter(Call call, const Fault* fault) {
  if (fault == nullptr) return;
  if (fault->kind == Fault::Kind::KillBefore) process_.signal(SIGKILL);
  if (fault->kind == Fault::Kind::Fail && call.number != SYS_close) {
    change_registers(process_.pid(), [](user_regs_struct& registers) { registers.orig_rax = ~0ULL; });
  }
  if (fault->kind == Fault::Kind::Short && is_one_of(kWrites, call.number)) {
    change_registers(process_.pid(), [](user_regs_struct& registers) { registers.rdx = (registers.rdx + 1) / 2; });
  }
}

void Tracer::leave(Call& call, const Fault* fault) {
  if (fault == nullptr) return;
  if (fault->kind == Fault::Kind::KillAfter) process_.signal(SIGKILL);
  if (fault->kind == Fault::Kind::Fail) {
    call.result = -fault->sys_errno;
    change_registers(process_.pid(), [&](user_regs_struct& registers) {
      registers.rax = static_cast<unsigned long long>(call.result);
    });
  }
}

}  // namespace microvm::faults
