// The VMM's process: held by its pidfd, a child of the monitor's or one that was adopted.
#pragma once

#include <cstdint>
#include <optional>

#include "common/base/unique_fd.h"
#include "common/posix/process_identity.h"

namespace microvm::monitor {

class Vmm {
 public:
  /// Neither: nobody saw it.
  struct Status {
    std::optional<int> code{}, signal{};
  };

  Vmm(posix::ProcessIdentity identity, UniqueFd pidfd, bool is_child) noexcept
      : identity_(std::move(identity)), pidfd_(std::move(pidfd)), is_child_(is_child) {}

  [[nodiscard]] const posix::ProcessIdentity& identity() const noexcept { return identity_; }
  /// Readable once it has ended. -1 of one that had ended before it was adopted.
  [[nodiscard]] int pidfd() const noexcept { return pidfd_.get(); }

  /// Every child that has ended, also what was inherited.
  void reap() noexcept;
  /// Once it has ended. Of one that was adopted the kernel says it when its parent has reaped it, if it ever does.
  Status status() noexcept;
  void kill() const noexcept;
  /// Killed, and gone when it answers, unless the kernel cannot end it.
  void end() noexcept;

  /// The time that the guest's processors have run; nothing where the VMM has no threads for them.
  [[nodiscard]] std::optional<std::uint64_t> vcpu_time() const;

 private:
  posix::ProcessIdentity identity_;
  UniqueFd pidfd_;
  bool is_child_;
  Status status_{};
};

}  // namespace microvm::monitor
