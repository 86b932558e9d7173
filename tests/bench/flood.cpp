// A well-behaved client's pings while another one floods the daemon. The daemon has a core of its own; on the other one
// the flood runs when the well-behaved client does not want to.
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <thread>

#include "tests/bench/measures.h"
#include "tests/bench/requests.h"
#include "tests/bench/rounds.h"

namespace microvm::bench {
namespace {

// Little at once: a core that is in a system call is not free for the well-behaved client.
constexpr std::size_t kAtOnce = 16 * 1024;

// Sends without end, and throws away what comes.
[[noreturn]] void flood(int fd, const std::string& lines) noexcept {
  const sched_param below{.sched_priority = kPriority - 1};
  ::sched_setscheduler(0, SCHED_FIFO, &below);
  static char buffer[64 * 1024];
  for (std::size_t at = 0;;) {
    pollfd ready{.fd = fd, .events = POLLIN | POLLOUT, .revents = 0};
    ::poll(&ready, 1, -1);
    if ((ready.revents & POLLIN) != 0 && ::recv(fd, buffer, sizeof buffer, MSG_DONTWAIT) == 0) ::_exit(1);
    const ssize_t n = ::send(fd, lines.data() + at, std::min(lines.size() - at, kAtOnce), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n < 0 && errno != EAGAIN) ::_exit(1);
    at = (at + static_cast<std::size_t>(std::max<ssize_t>(n, 0))) % lines.size();
  }
}

// This thread, and what it starts, before all others: a flood has a lower priority.
struct RealTime {
  RealTime() noexcept {
    const sched_param first{.sched_priority = kPriority};
    ::sched_setscheduler(0, SCHED_FIFO, &first);
  }
  RealTime(const RealTime&) = delete;
  RealTime& operator=(const RealTime&) = delete;
  ~RealTime() { give_up_priority(); }
};

// A process that floods as long as this lives.
class Flood {
 public:
  Flood(const Subject& subject, const std::string& lines) : client_(subject.client()), pid_(::fork()) {
    if (pid_ < 0) throw std::system_error(errno, std::generic_category(), "fork");
    if (pid_ != 0) return;
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    flood(client_.fd(), lines);
  }
  Flood(const Flood&) = delete;
  Flood& operator=(const Flood&) = delete;
  ~Flood() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  [[nodiscard]] bool goes_on() const { return ::waitpid(pid_, nullptr, WNOHANG) == 0; }

 private:
  Client client_;
  pid_t pid_;
};

// Of pings a millisecond apart.
double p99_of_pings(const Subject& subject, int count) {
  Client client = subject.client();
  client.ask(kPing);
  const Figures times = [&] {
    Figures all;
    for (int i = 0; i < count; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
      all.push_back(timed(1, [&] { client.ask(kPing); }).front());
    }
    return all;
  }();
  return quantile(times, 0.99);
}

Rounds flooded(const Setting& setting, const Subject& subject, const std::string& lines) {
  constexpr int kPings = 300;
  return Rounds(setting.rounds(30), {[&] { return Figures{p99_of_pings(subject, kPings)}; },
                                     [&] {
                                       const Flood flood(subject, lines);
                                       const double p99 = p99_of_pings(subject, kPings);
                                       if (!flood.goes_on()) throw std::runtime_error("the flood was cut off");
                                       return Figures{p99};
                                     }});
}

}  // namespace

void measure_floods(const Setting& setting, Table& table) {
  const RealTime first;
  const Subject::How how{.core = setting.other_core};
  const Subject::How threaded{.core = setting.other_core, .at_exec = give_up_priority};
  for (const auto& [name, lines] : {std::pair<std::string, std::string>("pings", repeated(kPing, 2000)),
                                    {"unended bytes", std::string(256 * 1024, 'x')}}) {
    const Subject ours = Subject::daemon(setting, setting.memory_dir, how);
    const Rounds rounds = flooded(setting, ours, lines);
    Row row{.what = "a neighbour's ping p99 under a flood of " + name + ", to its idle p99",
            .ours = us(rounds.middle(1)) + " (idle " + us(rounds.middle(0)) + ")",
            .figure = rounds.ratio(1, 0),
            .target = 2,
            .slack = 3};
    if (!setting.crate.empty() && lines.ends_with('\n')) {  // it keeps unended bytes: gigabytes in a second
      const Subject crate = Subject::crate(setting, setting.memory_dir, threaded);
      const Rounds others = flooded(setting, crate, lines);
      row.crate = us(others.middle(1)) + " (idle " + us(others.middle(0)) + ")";
    }
    table.add(std::move(row));
  }
}

}  // namespace microvm::bench
