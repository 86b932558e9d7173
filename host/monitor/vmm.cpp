#include "host/monitor/vmm.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <memory>
#include <string>
#include <string_view>

#include "common/base/deadline.h"
#include "common/posix/retry.h"
#include "host/monitor/limits.h"

namespace microvm::monitor {
namespace {

// linux/pidfd.h of 6.15, which no C library has yet.
struct PidfdInfo {
  std::uint64_t mask;
  std::uint64_t cgroup_id;
  std::uint32_t pid, tgid, ppid, ruid, rgid, euid, egid, suid, sgid, fsuid, fsgid;
  std::int32_t exit_code;  // as wait(2) has it
};
constexpr std::uint64_t kInfoExit = 1U << 3U;
constexpr unsigned kGetInfo = _IOWR(0xFF, 11, PidfdInfo);

Vmm::Status status_of(int wait_status) noexcept {
  if (WIFEXITED(wait_status)) return {.code = WEXITSTATUS(wait_status)};
  return {.signal = WTERMSIG(wait_status)};
}

struct CloseDir {
  void operator()(DIR* dir) const noexcept { ::closedir(dir); }
};

std::string_view read_in(int dir, const std::string& path, std::array<char, 64>& room) noexcept {
  const UniqueFd fd(posix::retry([&] { return ::openat(dir, path.c_str(), O_RDONLY | O_CLOEXEC); }));
  const ssize_t n = posix::retry([&] { return ::read(fd.get(), room.data(), room.size()); });
  return {room.data(), n > 0 ? static_cast<std::size_t>(n) : 0};
}

}  // namespace

void Vmm::reap() noexcept {
  for (;;) {
    siginfo_t info{};
    if (::waitid(P_ALL, 0, &info, WEXITED | WNOHANG) != 0 || info.si_pid == 0) return;
    if (!is_child_ || info.si_pid != identity_.pid) continue;
    status_ = info.si_code == CLD_EXITED ? Status{.code = info.si_status} : Status{.signal = info.si_status};
    is_child_ = false;  // another one may have its number now
  }
}

Vmm::Status Vmm::status() noexcept {
  reap();
  if (status_.code || status_.signal || !pidfd_.valid()) return status_;
  pollfd reaped{.fd = pidfd_.get(), .events = 0, .revents = 0};  // POLLHUP
  const Deadline deadline = Deadline::after(kReaped);
  (void)posix::retry([&] { return ::poll(&reaped, 1, deadline.poll_ms()); });
  PidfdInfo info{};
  info.mask = kInfoExit;
  if (::syscall(SYS_ioctl, pidfd_.get(), kGetInfo, &info) == 0 && (info.mask & kInfoExit) != 0)
    status_ = status_of(info.exit_code);
  return status_;
}

void Vmm::kill() const noexcept { ::syscall(SYS_pidfd_send_signal, pidfd_.get(), SIGKILL, nullptr, 0); }

void Vmm::end() noexcept {
  kill();
  pollfd ended{.fd = pidfd_.get(), .events = POLLIN, .revents = 0};
  const Deadline deadline = Deadline::after(kKilled);
  (void)posix::retry([&] { return ::poll(&ended, 1, deadline.poll_ms()); });
  reap();
}

// KVM's hosts have schedstat: it selects SCHED_INFO.
std::optional<std::uint64_t> Vmm::vcpu_time() const {
  const std::string path = "/proc/" + std::to_string(identity_.pid) + "/task";
  const std::unique_ptr<DIR, CloseDir> dir(::opendir(path.c_str()));
  std::optional<std::uint64_t> sum;
  std::array<char, 64> room;
  while (const dirent* const entry = dir ? ::readdir(dir.get()) : nullptr) {
    const std::string name = entry->d_name;
    if (!read_in(::dirfd(dir.get()), name + "/comm", room).starts_with("fc_vcpu")) continue;
    // Nanoseconds on a processor come first.
    const std::string_view times = read_in(::dirfd(dir.get()), name + "/schedstat", room);
    std::uint64_t time = 0;
    std::from_chars(times.data(), times.data() + times.size(), time);
    sum = sum.value_or(0) + time;
  }
  return sum;
}

}  // namespace microvm::monitor
