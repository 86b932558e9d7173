// The last bytes of a stream, each with its place in the whole.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string_view>

namespace microvm::monitor {

class Ring {
 public:
  explicit Ring(std::size_t capacity) : bytes_(new char[capacity]), capacity_(capacity) {}

  void append(std::string_view text) noexcept {
    if (text.size() > capacity_) {
      end_ += text.size() - capacity_;
      text.remove_prefix(text.size() - capacity_);
    }
    while (!text.empty()) {
      const std::size_t at = end_ % capacity_;
      const std::size_t n = text.copy(bytes_.get() + at, capacity_ - at);
      end_ += n;
      text.remove_prefix(n);
    }
  }

  /// How many bytes there have been.
  [[nodiscard]] std::uint64_t end() const noexcept { return end_; }
  [[nodiscard]] std::uint64_t begin() const noexcept { return end_ - std::min<std::uint64_t>(end_, capacity_); }
  /// From `at`, which is held, as far as the bytes lie in one piece.
  [[nodiscard]] std::string_view from(std::uint64_t at) const noexcept {
    const std::size_t first = at % capacity_;
    return {bytes_.get() + first, std::min<std::uint64_t>(end_ - at, capacity_ - first)};
  }

 private:
  std::unique_ptr<char[]> bytes_;
  std::size_t capacity_;
  std::uint64_t end_ = 0;
};

}  // namespace microvm::monitor
