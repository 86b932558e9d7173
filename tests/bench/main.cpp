// ./dev bench: measures this daemon beside the Rust crate's and beside bare system calls, and prints the table.
//   bench [--short] [--only PART]
// --short: few rounds; exits 1 where a figure is far from its target.
#include <sched.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <iostream>

#include "tests/bench/measures.h"
#include "tests/support/files.h"

namespace {

using namespace microvm;
using namespace microvm::bench;

struct Part {
  std::string_view name;
  void (*measure)(const Setting&, Table&);
};

constexpr Part kParts[] = {
    {"pings", measure_pings},          {"pipelining", measure_pipelining}, {"connections", measure_connections},
    {"writes", measure_writes},        {"items", measure_many_items},      {"start", measure_start},
    {"memory", measure_memory},        {"sizes", measure_sizes},           {"crowd", measure_crowd},
    {"endless", measure_endless_line}, {"exhaustion", measure_exhaustion}, {"floods", measure_floods},
};

void take_cores(Setting& setting) {
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  ::sched_getaffinity(0, sizeof allowed, &allowed);
  std::vector<int> cores;
  for (int core = 0; core < CPU_SETSIZE; ++core) {
    if (CPU_ISSET(static_cast<unsigned>(core), &allowed)) cores.push_back(core);
  }
  setting.core = cores.front();
  setting.other_core = cores.back();
  pin_to(setting.core);
  // All that is measured inherits it: what else the machine does gets little beside it. Not real-time priority, under
  // which a client that is woken runs at once, before its server sleeps: nobody is scheduled so in a guest.
  if (::setpriority(PRIO_PROCESS, 0, -20) != 0) std::cerr << "no priority here: what else runs disturbs the figures\n";
}

std::string program(const char* name) {
  std::string path = test::required_env(name);
  if (::access(path.c_str(), R_OK) != 0) throw std::runtime_error(path + ": is not there; ./dev bench makes it");
  return path;
}

// 1,000 connections, and as many of a daemon that inherits the limit.
void raise_descriptors() {
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &files);
}

int run(bool brief, std::string_view only) {
  Setting setting{.brief = brief,
                  .daemon = program("METADATAD_STATIC_BIN"),
                  .daemon_aarch64 = program("METADATAD_AARCH64_BIN"),
                  .crate = test::required_env("PEER_METADATAD"),
                  .shim = program("VSOCK_SHIM"),
                  .echo = program("ECHO_FLOOR"),
                  .disk_dir = std::filesystem::path(program("METADATAD_STATIC_BIN")).parent_path()};
  if (!test::exists(setting.crate)) {
    std::cerr << "the Rust crate's daemon is not there (" << setting.crate << "): nothing is compared with it\n";
    setting.crate.clear();
  }
  raise_descriptors();
  take_cores(setting);
  Table table;
  for (const Part& part : kParts) {
    if (only.empty() || part.name == only) part.measure(setting, table);
  }
  std::cout << table.text();
  const std::vector<std::string> far_off = table.far_off();
  for (const std::string& row : far_off) std::cerr << "far from its target: " << row;
  return brief && !far_off.empty() ? 1 : 0;
}

}  // namespace

int main(int argc, char** argv) {
  bool brief = false;
  std::string_view only;
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--short") == 0) {
      brief = true;
    } else if (std::strcmp(argv[i], "--only") == 0 && i + 1 < argc) {
      only = argv[++i];
    } else {
      std::cerr << "usage: bench [--short] [--only PART]\n";
      return 2;
    }
  }
  try {
    return run(brief, only);
  } catch (const std::exception& e) {
    std::cerr << "bench: " << e.what() << '\n';
    return 1;
  }
}
