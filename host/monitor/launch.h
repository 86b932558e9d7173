// The birth of a VMM: one clone3, a child that waits, and execve.
#pragma once

#include <expected>

#include "common/base/unique_fd.h"
#include "host/monitor/directories.h"

namespace microvm::monitor {

/// A child that has not executed its program yet, and ends when this is given up.
class Launch {
 public:
  struct Plan {
    const char* const* program = nullptr;  ///< NULL-terminated
    char* const* environment = nullptr;
    int stdin_fd = -1, stdout_fd = -1, stderr_fd = -1;  ///< from 3 up
    int cgroup = -1;                                    ///< -1: the monitor's own
  };
  static std::expected<Launch, Failed> clone(const Plan& plan);

  [[nodiscard]] int pid() const noexcept { return pid_; }
  /// Lets the program begin; an errno where that cannot be said to the child.
  int execute() noexcept;
  /// Answers once it has begun, or why it could not.
  std::expected<void, Failed> executed(const char* program) noexcept;
  [[nodiscard]] UniqueFd take_pidfd() noexcept { return std::move(pidfd_); }
  /// Ended and reaped.
  void give_up() noexcept;

 private:
  Launch() = default;

  int pid_ = -1;
  UniqueFd pidfd_;
  UniqueFd control_;
};

}  // namespace microvm::monitor
