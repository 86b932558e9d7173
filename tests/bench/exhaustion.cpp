// No descriptor is left, and a client knocks: what that costs, and how soon the client is served once there is one
// again.
#include <sys/resource.h>
#include <time.h>

#include <algorithm>
#include <system_error>
#include <thread>

#include "tests/bench/measures.h"
#include "tests/bench/requests.h"
#include "tests/bench/rounds.h"

namespace microvm::bench {
namespace {

using namespace std::chrono_literals;

std::chrono::nanoseconds cpu_time(pid_t pid) {
  clockid_t clock = 0;
  timespec used{};
  if (::clock_getcpuclockid(pid, &clock) != 0 || ::clock_gettime(clock, &used) != 0)
    throw std::system_error(errno, std::generic_category(), "processor time of the daemon");
  return std::chrono::seconds(used.tv_sec) + std::chrono::nanoseconds(used.tv_nsec);
}

struct Outcome {
  double cpu_share = 0;
  double lines_a_second = 0;
  double recovery_ms = 0;
  double log_bytes = 0;
};

Outcome exhaust(Subject subject, std::chrono::milliseconds time) {
  rlimit before{};
  if (::prlimit(subject.pid(), RLIMIT_NOFILE, nullptr, &before) != 0)
    throw std::system_error(errno, std::generic_category(), "prlimit");
  const rlimit none{.rlim_cur = 3, .rlim_max = before.rlim_max};
  ::prlimit(subject.pid(), RLIMIT_NOFILE, &none, nullptr);
  const Client first = subject.client();  // a server that waits in accept(2) has its descriptor already
  Client waiting = subject.client();
  waiting.send(kPing);
  std::this_thread::sleep_for(100ms);

  const std::size_t log_before = subject.process().err().size();
  const auto cpu_before = cpu_time(subject.pid());
  const auto begin = std::chrono::steady_clock::now();
  std::this_thread::sleep_for(time);
  const double seconds = us_since(begin) / 1e6;
  const auto cpu = std::chrono::duration<double>(cpu_time(subject.pid()) - cpu_before);
  const std::string log = subject.process().err().substr(log_before);

  ::prlimit(subject.pid(), RLIMIT_NOFILE, &before, nullptr);
  const auto restored = std::chrono::steady_clock::now();
  waiting.read_line();
  return {.cpu_share = cpu.count() / seconds,
          .lines_a_second = static_cast<double>(std::ranges::count(log, '\n')) / seconds,
          .recovery_ms = us_since(restored) / 1000,
          .log_bytes = static_cast<double>(log.size()) / seconds};
}

std::string text(const Outcome& outcome) {
  return number(100 * outcome.cpu_share, "% CPU") + ", " + number(outcome.lines_a_second, "lines/s");
}

}  // namespace

void measure_exhaustion(const Setting& setting, Table& table) {
  const auto time = setting.brief ? 2s : 4s;
  const Outcome ours = exhaust(Subject::daemon(setting, setting.memory_dir, {.at_exec = give_up_priority}), time);
  std::string crate;
  std::string crate_recovery;
  if (!setting.crate.empty()) {
    const Outcome outcome = exhaust(Subject::crate(setting, setting.memory_dir, {.at_exec = give_up_priority}), time);
    crate = text(outcome);
    crate_recovery = number(outcome.recovery_ms, "ms");
  }
  const std::string what = "descriptors exhausted: ";
  table.add({.what = what + "processor",
             .ours = text(ours),
             .crate = crate,
             .figure = 100 * ours.cpu_share,
             .target = 1,
             .unit = "%"});
  table.add({.what = what + "log",
             .ours = number(ours.log_bytes, "B/s"),
             .crate = "",
             .figure = ours.lines_a_second,
             .target = 1,
             .unit = "lines/s",
             .slack = 1.5});
  table.add({.what = what + "served again after",
             .ours = number(ours.recovery_ms, "ms"),
             .crate = crate_recovery,
             .figure = ours.recovery_ms,
             .target = 100,
             .unit = "ms"});
}

}  // namespace microvm::bench
