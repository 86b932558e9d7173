// Tells that something in a folder has changed.
#pragma once

#include <string>

#include "common/base/deadline.h"
#include "common/base/unique_fd.h"
#include "microvm/error.h"

namespace microvm::cli {

class FolderWatch {
 public:
  static Result<FolderWatch> open(const std::string& folder);

  /// Readable once something has changed.
  [[nodiscard]] int fd() const noexcept { return fd_.get(); }
  /// Forgets what was told so far; look into the folder behind that.
  void clear() const noexcept;
  /// Waits for a change, and forgets it.
  void wait(Deadline deadline) const noexcept;

 private:
  explicit FolderWatch(UniqueFd fd) : fd_(std::move(fd)) {}
  UniqueFd fd_;
};

}  // namespace microvm::cli
