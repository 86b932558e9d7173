// The guest's serial console: what it writes goes to standard output or to a file, and is dropped where that takes no
// more or a limit is reached: the guest never waits. What standard input brings goes to the guest.
#pragma once

#include <chrono>
#include <string>

#include "common/base/unique_fd.h"
#include "standin/model/devices.h"
#include "standin/model/fault.h"

namespace microvm::standin::qemu {

class Console {
 public:
  /// The ends of two pipes: what the guest's serial port sends and what it receives.
  static Result<Console> open(UniqueFd from_guest, UniqueFd to_guest, const Serial& config);

  Console(Console&&) noexcept = default;
  Console& operator=(Console&&) = delete;
  /// A terminal is as it was before.
  ~Console();

  [[nodiscard]] int fd() const noexcept { return from_guest_.get(); }
  /// Passes on what the guest wrote; false when no more will come.
  bool relay_output();
  /// -1: nothing is read.
  [[nodiscard]] int input_fd() const noexcept { return input_; }
  /// Passes on what there is to read; false at its end.
  bool relay_input();

 private:
  using Clock = std::chrono::steady_clock;

  Console(UniqueFd from_guest, UniqueFd to_guest, UniqueFd file, const Serial& config);
  bool may_write(std::uint64_t bytes);

  UniqueFd from_guest_;
  UniqueFd to_guest_;
  UniqueFd file_;  ///< none: standard output
  int input_ = -1;
  UniqueFd terminal_;         ///< standard input, when it was a terminal that we changed
  std::string terminal_was_;  ///< its termios
  TokenBucket limit_;
  double tokens_ = 0;
  double burst_ = 0;
  Clock::time_point refilled_{};
};

}  // namespace microvm::standin::qemu
