// A child process of a test: what it writes is kept, waits have deadlines, and it never outlives the test.
#pragma once

#include <sys/resource.h>
#include <sys/types.h>

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/base/deadline.h"
#include "common/base/unique_fd.h"

namespace microvm::test {

/// What to run and how; every field but `argv` may be left out.
struct ProcessSpec {
  std::vector<std::string> argv{};           ///< argv[0] is looked up in PATH
  std::map<std::string, std::string> env{};  ///< laid over the environment of the test
  std::string cwd{};
  std::string input{};                     ///< what standard input holds
  std::vector<std::pair<int, int>> fds{};  ///< {descriptor here, number there}; numbers there below 100
  int listen_fds = 0;                      ///< LISTEN_FDS, with LISTEN_PID the child's pid; `fds` has them from 3 up
  std::vector<std::pair<int, rlimit>> rlimits{};
  std::optional<uid_t> uid{};  ///< gid too; supplementary groups are dropped
  std::optional<mode_t> umask{};
  /// In the child, as the old user: only async-signal-safe calls; false, with errno set, fails the start.
  std::function<bool()> before_exec{};
  std::size_t output_limit = 16 * 1024 * 1024;  ///< of each stream; writing beyond it fails in the child
};

struct ExitStatus {
  int code = -1;   ///< -1 when a signal ended it
  int signal = 0;  ///< 0 when it exited by itself
  bool operator==(const ExitStatus&) const = default;
};

/// Killed and reaped when it goes out of scope, and by the kernel when the thread that started it ends.
class Process {
 public:
  /// Throws std::system_error when the program cannot be started.
  explicit Process(const ProcessSpec& spec);
  Process(Process&&) noexcept = default;
  Process& operator=(Process&&) = delete;
  ~Process();

  [[nodiscard]] pid_t pid() const noexcept { return pid_; }
  void signal(int number) const;
  /// Nothing when it still runs at the deadline.
  std::optional<ExitStatus> wait(Deadline deadline);
  std::optional<ExitStatus> wait(std::chrono::milliseconds time) { return wait(Deadline::after(time)); }
  /// SIGKILL, then reaped.
  void kill();

  /// What was written so far.
  [[nodiscard]] std::string out() const { return captured(out_); }
  [[nodiscard]] std::string err() const { return captured(err_); }
  /// True once `text` stands on standard error; false at the deadline, or when the process ended without it.
  bool wait_err(std::string_view text, Deadline deadline);

 private:
  [[nodiscard]] static std::string captured(const UniqueFd& stream);

  pid_t pid_ = -1;
  UniqueFd pidfd_;
  UniqueFd out_;
  UniqueFd err_;
  std::optional<ExitStatus> ended_;
};

/// A variable that CTest sets; throws std::runtime_error naming it when it is missing.
std::string required_env(const char* name);

/// Runs to the end; throws std::runtime_error at the deadline.
struct Finished {
  ExitStatus status;
  std::string out;
  std::string err;
};
Finished run(const ProcessSpec& spec, std::chrono::milliseconds time = std::chrono::seconds(20));

}  // namespace microvm::test
