// What is measured: a daemon, or a floor of one, on a unix socket.
#pragma once

#include <sys/resource.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tests/bench/client.h"
#include "tests/support/process.h"
#include "tests/support/temp_dir.h"

namespace microvm::bench {

/// Of the whole run.
struct Setting {
  bool brief = false;
  std::string daemon;  ///< this project's, static, as it goes into a guest
  std::string daemon_aarch64;
  std::string crate;  ///< the Rust crate's; empty where it is not there
  std::string shim;   ///< makes it listen on a unix socket
  std::string echo;   ///< the floor
  std::string memory_dir = "/dev/shm";
  std::string disk_dir;
  int core = 0;        ///< client and server, where they take turns
  int other_core = 0;  ///< the server's, where both run at once

  [[nodiscard]] int rounds(int of_long_run) const { return brief ? std::max(5, of_long_run / 6) : of_long_run; }
};

/// By SCHED_FIFO, of a client beside a flood, which has a lower one.
inline constexpr int kPriority = 2;

/// The calling thread runs on `core` only; callable between fork and exec.
bool pin_to(int core) noexcept;
/// For a server that may take its core for good, or whose threads are to share one: those of real-time priority do not.
void give_up_priority() noexcept;

class Subject {
 public:
  struct How {
    std::vector<std::string> flags{};
    std::vector<std::pair<int, rlimit>> rlimits{};
    int core = -1;  ///< -1: the setting's
    std::function<void()> at_exec{};
  };

  // Each serves when this returns, its files below `base`; throws when it does not.
  static Subject daemon(const Setting& setting, const std::string& base, const How& how);
  static Subject daemon(const Setting& setting, const std::string& base) { return daemon(setting, base, {}); }
  static Subject crate(const Setting& setting, const std::string& base, const How& how);
  static Subject crate(const Setting& setting, const std::string& base) { return crate(setting, base, {}); }
  static Subject echo(const Setting& setting, const std::string& base, const How& how);
  static Subject echo(const Setting& setting) { return echo(setting, setting.memory_dir, {}); }
  /// Replaces a file of `size` bytes for each line.
  static Subject writer(const Setting& setting, const std::string& base, std::size_t size);

  [[nodiscard]] Client client() const { return Client::connect(socket()); }
  [[nodiscard]] test::Process& process() noexcept { return process_; }
  [[nodiscard]] pid_t pid() const noexcept { return process_.pid(); }
  [[nodiscard]] std::string socket() const { return dir_ / "socket"; }

 private:
  Subject(test::TempDir dir, const Setting& setting, test::ProcessSpec spec, const How& how);

  test::TempDir dir_;
  test::Process process_;
};

}  // namespace microvm::bench
