#include "cli/signals.h"

#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>
#include <ctime>

namespace microvm::cli {

Result<Signals> Signals::take(std::initializer_list<int> signals) {
  sigset_t taken;
  ::sigemptyset(&taken);
  for (const int signal : signals) ::sigaddset(&taken, signal);
  UniqueFd fd(::signalfd(-1, &taken, SFD_CLOEXEC | SFD_NONBLOCK));
  sigset_t before;
  // A write that nobody reads is an error of write(2).
  ::sigaddset(&taken, SIGPIPE);
  if (!fd.valid() || ::pthread_sigmask(SIG_BLOCK, &taken, &before) != 0) {
    return std::unexpected(Error{ErrorCode::Io, errno, "signals cannot be read"});
  }
  return Signals(std::move(fd), before);
}

Signals::~Signals() {
  if (!fd_.valid()) return;
  while (next()) {
  }
  sigset_t broken_pipe;
  ::sigemptyset(&broken_pipe);
  ::sigaddset(&broken_pipe, SIGPIPE);
  constexpr timespec kNow{};
  while (::sigtimedwait(&broken_pipe, nullptr, &kNow) > 0) {
  }
  ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

std::optional<int> Signals::next() const noexcept {
  signalfd_siginfo info{};
  if (::read(fd_.get(), &info, sizeof info) != sizeof info) return std::nullopt;
  return static_cast<int>(info.ssi_signo);
}

}  // namespace microvm::cli
