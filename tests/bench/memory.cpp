// What the daemons hold: idle, with many connections, under a line that never ends.
#include <sys/stat.h>

#include <fstream>
#include <sstream>
#include <thread>

#include "tests/bench/measures.h"
#include "tests/bench/requests.h"
#include "tests/support/files.h"

namespace microvm::bench {
namespace {

constexpr double kKiB = 1024;
constexpr double kMiB = 1024 * kKiB;

// The number behind `name` in a file of /proc, in its own unit.
double figure_of(pid_t pid, const char* file, const std::string& name) {
  std::ifstream lines("/proc/" + std::to_string(pid) + "/" + file);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with(name + ":")) return std::stod(line.substr(name.size() + 1));
  }
  throw std::runtime_error(std::string(file) + " of the daemon has no " + name);
}

double resident(pid_t pid) { return figure_of(pid, "smaps_rollup", "Rss") * kKiB; }
double proportional(pid_t pid) { return figure_of(pid, "smaps_rollup", "Pss") * kKiB; }
double threads(pid_t pid) { return figure_of(pid, "status", "Threads"); }

// The most that was resident since the last call.
double peak(pid_t pid) {
  const double bytes = figure_of(pid, "status", "VmHWM") * kKiB;
  std::ofstream("/proc/" + std::to_string(pid) + "/clear_refs") << "5";
  return bytes;
}

// As a daemon is after some work.
void warm_up(const Subject& subject) {
  Client client = subject.client();
  client.ask(set_secret("name", 32));
  client.ask(set_env(5));
}

struct Held {
  double idle = 0;
  double share = 0;
  double more = 0;
  double threads = 0;
};

std::string held_text(const Held& held) {
  return "+" + kib(held.more) + ", " + number(held.threads, "") + (held.threads > 1 ? " threads" : " thread");
}

Held idle_connections(const Subject& subject, int count) {
  warm_up(subject);
  Held held{.idle = resident(subject.pid())};
  std::vector<Client> clients;
  for (int i = 0; i < count; ++i) clients.push_back(subject.client());
  for (Client& client : clients) client.ask(kPing);
  held.more = resident(subject.pid()) - held.idle;
  held.threads = threads(subject.pid());
  return held;
}

Held endless_line(const Subject& subject) {
  warm_up(subject);
  const Client client = subject.client();
  peak(subject.pid());
  Held held{.idle = peak(subject.pid())};
  const std::string part(static_cast<std::size_t>(kMiB), 'x');
  for (int i = 0; i < 256; ++i) client.send(part);
  held.more = peak(subject.pid()) - held.idle;
  held.threads = threads(subject.pid());
  return held;
}

}  // namespace

void measure_memory(const Setting& setting, Table& table) {
  const auto look = [](const Subject& subject) {
    warm_up(subject);
    return Held{.idle = resident(subject.pid()), .share = proportional(subject.pid())};
  };
  const Held ours = look(Subject::daemon(setting, setting.memory_dir));
  const Held crate = setting.crate.empty() ? Held{} : look(Subject::crate(setting, setting.memory_dir));
  const auto cell = [&](double bytes) { return setting.crate.empty() ? "" : kib(bytes); };
  table.add({.what = "resident when idle",
             .ours = kib(ours.idle),
             .crate = cell(crate.idle),
             .figure = ours.idle / kKiB,
             .target = 512,
             .unit = "KiB"});
  table.add({.what = "proportional share when idle",
             .ours = kib(ours.share),
             .crate = cell(crate.share),
             .figure = ours.share / kKiB,
             .target = 400,
             .unit = "KiB"});
}

void measure_sizes(const Setting& setting, Table& table) {
  const auto size = [](const std::string& path) { return static_cast<double>(test::stat_of(path).st_size); };
  for (const auto& [name, path] : {std::pair("x86_64", setting.daemon), std::pair("aarch64", setting.daemon_aarch64)}) {
    const bool compared = path == setting.daemon && !setting.crate.empty();
    table.add({.what = std::string("static binary, ") + name,
               .ours = kib(size(path)),
               .crate = compared ? kib(size(setting.crate)) + ", dynamic" : "",
               .figure = size(path) / kKiB,
               .target = 320,
               .unit = "KiB",
               .slack = 1.0});
  }
}

void measure_crowd(const Setting& setting, Table& table) {
  constexpr int kConnections = 1000;
  const Held ours = idle_connections(Subject::daemon(setting, setting.memory_dir), kConnections);
  std::string crate;
  if (!setting.crate.empty())
    crate = held_text(idle_connections(Subject::crate(setting, setting.memory_dir), kConnections));
  table.add({.what = "1,000 idle connections",
             .ours = held_text(ours),
             .crate = crate,
             .figure = ours.more / kMiB,
             .target = 1,
             .unit = "MiB more"});
}

void measure_endless_line(const Setting& setting, Table& table) {
  const Held ours = endless_line(Subject::daemon(setting, setting.memory_dir));
  std::string crate;
  if (!setting.crate.empty()) crate = held_text(endless_line(Subject::crate(setting, setting.memory_dir)));
  table.add({.what = "256 MiB without a newline",
             .ours = held_text(ours),
             .crate = crate,
             .figure = ours.more / kMiB,
             .target = 1.5,
             .unit = "MiB more"});
}

}  // namespace microvm::bench
