// The system calls of confined daemons, as strace(1) and QEMU's user mode tell of them.
#pragma once

#include <array>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/temp_dir.h"

namespace microvm::confinement {

struct TracedCall {
  std::uint32_t number = 0;
  std::array<std::uint64_t, 6> arguments{};
  std::string line;
};

/// Behind each program that is made here stands a tracer; it leaves a file for every daemon that is started with it.
class Traces {
 public:
  Traces();

  /// A program to start in place of `daemon`: it keeps its pid, and whatever it was started with, any user too.
  /// `more` are further arguments of strace.
  [[nodiscard]] std::string traced(const std::string& daemon, const std::string& more = "");
  /// The same by `emulator`, for a daemon of its architecture. There is no list of system calls in force then.
  [[nodiscard]] std::string emulated(const std::string& daemon, const std::string& emulator);

  /// What `traced` daemons called behind the call that puts the list in force. Waits until they have ended.
  [[nodiscard]] std::vector<TracedCall> calls() const;
  /// The names of what `emulated` daemons called behind it.
  [[nodiscard]] std::set<std::string> names() const;

 private:
  std::string program(const std::string& daemon, const std::string& command);
  [[nodiscard]] std::vector<std::string> files(std::string_view prefix) const;

  test::TempDir dir_;
  int programs_ = 0;
};

}  // namespace microvm::confinement
