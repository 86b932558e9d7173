// Names of files that are not there for others: a prefix and 16 lower-case hex digits.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace microvm::posix {

class HiddenName {
 public:
  static constexpr std::size_t kDigits = 16;
  static constexpr std::size_t kMaxPrefix = 15;

  HiddenName() noexcept = default;
  HiddenName(std::string_view prefix, std::uint64_t id) noexcept;

  [[nodiscard]] const char* c_str() const noexcept { return text_.data(); }
  [[nodiscard]] std::string_view view() const noexcept { return text_.data(); }

  static bool matches(std::string_view prefix, std::string_view name) noexcept;

 private:
  std::array<char, kMaxPrefix + kDigits + 1> text_{};
};

/// A row of ids that starts at random, so that two processes rarely meet; O_EXCL settles it when they do.
class HiddenIds {
 public:
  explicit HiddenIds(std::uint64_t seed) noexcept : next_(seed) {}
  std::uint64_t next() noexcept { return next_++; }

 private:
  std::uint64_t next_;
};

}  // namespace microvm::posix
