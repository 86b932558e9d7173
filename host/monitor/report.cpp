#include "host/monitor/report.h"

#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <span>
#include <string>

#include "common/posix/retry.h"
#include "common/posix/send_fds.h"

namespace microvm::monitor {

bool Report::started(const posix::ProcessIdentity& vmm, int vmm_pidfd, int watch) noexcept {
  if (!fd_.valid()) return true;
  const UniqueFd own(static_cast<int>(::syscall(SYS_pidfd_open, ::getpid(), 0)));
  std::string text = "vmm " + std::to_string(vmm.pid) + ' ' + std::to_string(vmm.start_time) + '\n';
  const iovec part{.iov_base = text.data(), .iov_len = text.size()};
  const std::array fds = {vmm_pidfd, own.get(), watch};
  const std::span sent(fds.data(), watch < 0 ? 2 : 3);
  if (!own.valid()) return false;
  return posix::retry([&] { return posix::send_fds(fd_.get(), {&part, 1}, sent, MSG_NOSIGNAL); }) ==
         static_cast<ssize_t>(text.size());
}

void Report::failed(const Failed& failed) noexcept {
  std::string text = "error " + std::string(failed.step) + ' ' + std::to_string(failed.sys_errno) + ' ';
  ((text += failed.what) += ": ") += std::strerror(failed.sys_errno);
  for (char& c : text)
    if (c < ' ' || c > '~') c = '?';
  text += '\n';
  if (fd_.valid()) {
    (void)posix::retry([&] { return ::send(fd_.get(), text.data(), text.size(), MSG_NOSIGNAL); });
    fd_.reset();
  } else {
    (void)posix::retry([&] { return ::write(STDERR_FILENO, text.data(), text.size()); });
  }
}

Report::Answer Report::answer() noexcept {
  char byte = 0;
  const ssize_t n = posix::retry([&] { return ::recv(fd_.get(), &byte, 1, MSG_DONTWAIT); });
  if (n < 0 && errno == EAGAIN) return Answer::None;
  fd_.reset();
  return n == 1 ? Answer::Recorded : Answer::Gone;
}

}  // namespace microvm::monitor
