#include "standin/cli/signals.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>

#include "standin/vmm/log_sites.h"

namespace microvm::standin {
namespace {

struct Known {
  int number;
  int exit_code;  ///< 0: the process goes on
  std::string_view metric;
};
constexpr std::array kKnown = {
    Known{SIGHUP, 156, "signals.sighup"},
    Known{SIGILL, 157, "signals.sigill"},
    Known{SIGBUS, 149, "signals.sigbus"},
    Known{SIGSEGV, 150, "signals.sigsegv"},
    Known{SIGXFSZ, 151, "signals.sigxfsz"},
    Known{SIGXCPU, 154, "signals.sigxcpu"},
    Known{SIGSYS, 2, ""},
    Known{SIGPIPE, 0, "signals.sigpipe"},
};

struct Caught {
  int number;
  int code;
};

// A handler has nothing but what is static.
int write_end = -1;
int read_end = -1;
std::array<struct sigaction, kKnown.size()> earlier;

void forward(int number, siginfo_t* info, void* /*context*/) {
  const int saved = errno;
  for (std::size_t i = 0; i < kKnown.size(); ++i) {
    // A fault of this program itself, not one that was sent: whoever handled it before (or the kernel) gets it.
    const bool own_fault = info->si_code > 0 && (number == SIGILL || number == SIGBUS || number == SIGSEGV);
    if (kKnown[i].number == number && own_fault) ::sigaction(number, &earlier[i], nullptr);
  }
  const Caught caught{number, info->si_code};
  [[maybe_unused]] const auto n = ::write(write_end, &caught, sizeof caught);
  errno = saved;
}

}  // namespace

Done Signals::install() {
  std::array<int, 2> ends;
  if (::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK) != 0) return std::unexpected(errno_fault(errno));
  read_end = ends[0];
  write_end = ends[1];
  for (std::size_t i = 0; i < kKnown.size(); ++i) {
    struct sigaction action{};
    action.sa_sigaction = forward;
    action.sa_flags = SA_SIGINFO | SA_RESTART;
    ::sigaction(kKnown[i].number, &action, &earlier[i]);
  }
  return {};
}

int Signals::event_fd() noexcept { return read_end; }

std::optional<int> Signals::take(Vmm& vmm) {
  Caught caught{};
  if (::read(read_end, &caught, sizeof caught) != static_cast<ssize_t>(sizeof caught)) return std::nullopt;
  const std::string which = std::to_string(caught.number) + ", code " + std::to_string(caught.code) + ".";
  for (const Known& known : kKnown) {
    if (known.number != caught.number) continue;
    if (!known.metric.empty()) vmm.metrics.store(known.metric, 1);
    vmm.log(site::kSignal,
            (known.exit_code == 0 ? "Received signal " : "Shutting down VM after intercepting signal ") + which);
    if (known.exit_code == 0) return std::nullopt;
    vmm.metrics.write();
    return known.exit_code;
  }
  return std::nullopt;
}

}  // namespace microvm::standin
