#include "host/vm/processes.h"

#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <csignal>

#include "host/vm/files.h"

namespace microvm::vm {
namespace {

constexpr std::size_t kMaxIdentity = 128;

std::optional<Process> process_of(const std::string& path) {
  const auto text = read_file(path, kMaxIdentity);
  auto identity = text ? posix::parse_identity(*text) : std::nullopt;
  if (!identity) return std::nullopt;
  auto pidfd = posix::open_process(*identity);
  if (!pidfd || wait_for_end(pidfd->get(), Deadline::after(std::chrono::nanoseconds(0)))) return std::nullopt;
  return Process{std::move(*identity), std::move(*pidfd)};
}

}  // namespace

std::optional<Process> live_vmm(const Layout& layout) { return process_of(layout.vmm()); }

std::optional<Process> live_monitor(const Layout& layout) { return process_of(layout.monitor()); }

bool wait_for_end(int pidfd, Deadline deadline) {
  pollfd ended{.fd = pidfd, .events = POLLIN, .revents = 0};
  for (;;) {
    if (::poll(&ended, 1, deadline.poll_ms()) > 0) return true;
    if (deadline.passed()) return false;
  }
}

bool send_signal(int pidfd, int signal) { return ::syscall(SYS_pidfd_send_signal, pidfd, signal, nullptr, 0) == 0; }

void end(const Process& process, std::chrono::milliseconds patience) {
  send_signal(process.pidfd.get(), SIGKILL);
  wait_for_end(process.pidfd.get(), Deadline::after(patience));
}

}  // namespace microvm::vm
