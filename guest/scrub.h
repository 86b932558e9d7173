// Overwriting what a file held once nobody can reach it by a name any more.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "common/base/unique_fd.h"
#include "guest/limits.h"

namespace microvm::guest {

class Scrubber {
 public:
  explicit Scrubber(bool enabled) noexcept : enabled_(enabled) {}

  /// Opens a file that is about to lose its name; an invalid descriptor when there is nothing to scrub.
  /// Scrubbing that is turned off is done all the same where it is `forced`.
  UniqueFd open(int dir, const char* name, bool forced) noexcept;

  /// Takes a file that has lost its name, to be scrubbed once the replies are sent. Unless that is `lasting`: a crash
  /// may give it the name back, which must not lead to zeros then; such a file is counted only.
  void later(UniqueFd fd, bool lasting) noexcept;
  /// Scrubs what `later` took.
  void run() noexcept;

  /// Overwrites now. Spares a file that has another link and, unless `forced`, one that somebody has open; what is
  /// forced also outlasts a power cut.
  void now(const UniqueFd& fd, bool forced) noexcept;

  /// Files that should have been scrubbed and could not be: in use, or an error.
  [[nodiscard]] std::uint64_t failures() const noexcept { return failures_; }

 private:
  bool enabled_;
  std::uint64_t failures_ = 0;
  std::array<UniqueFd, kMostUnscrubbed> waiting_;
  std::size_t count_ = 0;
};

}  // namespace microvm::guest
