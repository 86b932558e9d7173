// Looks into every block of the heap at the moment it is freed: secret bytes must be gone by then.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace microvm::test {

/// Watches until it goes out of scope; one at a time. Throws std::runtime_error in a build without a sanitizer, whose
/// heap lends the hook. Copies of the marker that the test itself makes must outlive it.
class FreedBlocks {
 public:
  explicit FreedBlocks(std::string_view marker);
  ~FreedBlocks();
  FreedBlocks(const FreedBlocks&) = delete;
  FreedBlocks& operator=(const FreedBlocks&) = delete;

  /// Blocks freed so far, and those that held the marker.
  [[nodiscard]] std::size_t seen() const noexcept { return seen_; }
  [[nodiscard]] std::size_t with_marker() const noexcept { return with_marker_; }

 private:
  static void freed(const volatile void* block);

  std::string marker_;
  std::size_t seen_ = 0;
  std::size_t with_marker_ = 0;
};

}  // namespace microvm::test
