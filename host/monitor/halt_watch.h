// A guest that has powered off does not end Firecracker: whether its processors stand still.
#pragma once

#include <cstdint>
#include <optional>

#include "common/base/deadline.h"
#include "host/monitor/limits.h"

namespace microvm::monitor {

class HaltWatch {
 public:
  /// The guest said that it powers off, now.
  void start() noexcept {
    due_ = Deadline::after(kHalting);
    end_ = Deadline::after(kHaltWatch);
  }
  [[nodiscard]] std::optional<Deadline> due() const noexcept { return due_; }
  /// When it is due: true once the processors have not run between two looks.
  bool stands_still(std::optional<std::uint64_t> time_run) noexcept {
    const bool still = looked_ && time_run == before_;
    before_ = time_run;
    looked_ = true;
    due_ = Deadline::after(kHalted);
    if (still || end_->passed()) due_.reset();
    return still;
  }

 private:
  std::optional<Deadline> due_, end_;
  std::optional<std::uint64_t> before_;
  bool looked_ = false;
};

}  // namespace microvm::monitor
