// The VMM of a test: the program that VMM_BIN names as a process, and the client of its API.
#pragma once

#include <algorithm>
#include <chrono>
#include <stdexcept>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include "common/base/deadline.h"
#include "common/base/unique_fd.h"
#include "microvm/fcapi.h"
#include "tests/support/process.h"

namespace microvm::test {

/// What a test cannot go on without.
template <class T>
T must(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().message);
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

class Vmm {
 public:
  /// Its working directory is `dir`, so that paths in its API may be short; its socket there is `name`.api, its folder
  /// for temporary files `name`.tmp. `more` is of its own: flags, environment. `command` starts it in place
  /// of VMM_BIN: a jailer, which makes `dir` its root.
  Vmm(const std::string& dir, const std::string& name, const ProcessSpec& more = {},
      const std::vector<std::string>& command = {});
  Vmm(Vmm&&) = delete;

  /// VMM_BIN is Firecracker itself: FIRECRACKER_BIN names the same program.
  static bool is_real();

  fcapi::Client* operator->() noexcept { return &client_; }
  Process& process() noexcept { return process_; }
  /// Standard output and error: the guest's console and the log, unless they go elsewhere.
  [[nodiscard]] std::string output() const { return process_.out() + process_.err(); }
  /// Its children, theirs and so on, each as a pidfd.
  [[nodiscard]] std::vector<UniqueFd> descendants() const;
  [[nodiscard]] const std::string& temporary() const noexcept { return temporary_; }

 private:
  fcapi::Client connect(const std::string& socket);

  std::string temporary_;
  Process process_;
  UniqueFd pidfd_;
  fcapi::Client client_;
};

/// Asks again and again, more seldom with time, as the guest may have no other processor; false at the deadline.
template <class Condition>
bool eventually(Condition condition, std::chrono::milliseconds time = std::chrono::seconds(30)) {
  const Deadline deadline = Deadline::after(time);
  for (std::chrono::milliseconds pause{2}; !condition(); pause = std::min(2 * pause, std::chrono::milliseconds(100))) {
    if (deadline.passed()) return false;
    std::this_thread::sleep_for(pause);
  }
  return true;
}

}  // namespace microvm::test
