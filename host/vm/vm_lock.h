// A VM's lock: flock on its state directory, so that it ends with its holder and no file is left of it.
#pragma once

#include <optional>
#include <string>

#include "common/base/deadline.h"
#include "common/base/unique_fd.h"
#include "microvm/error.h"

namespace microvm::vm {

class VmLock {
 public:
  /// Missing where there is no such directory; Busy when the deadline is over first. It covers the directory that has
  /// the name at that time, not one that was removed meanwhile.
  static Result<VmLock> take(const std::string& directory, Deadline deadline);
  /// Nothing where somebody holds it.
  static Result<std::optional<VmLock>> try_take(const std::string& directory);

  [[nodiscard]] int directory() const noexcept { return fd_.get(); }

 private:
  explicit VmLock(UniqueFd fd) noexcept : fd_(std::move(fd)) {}
  UniqueFd fd_;
};

}  // namespace microvm::vm
