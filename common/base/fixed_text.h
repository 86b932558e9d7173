// A short line of text without allocation, so that an error can be told when memory is gone. It is plain whatever goes
// into it: printable ASCII, the rest becomes '?'. A path with a newline stays one line of the log, and one that is not
// UTF-8, or is cut, does not make a reply that is not.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace microvm {

class FixedText {
 public:
  static constexpr std::size_t kCapacity = 320;
  /// Names in messages are cut to this many bytes.
  static constexpr std::size_t kMaxQuoted = 64;

  FixedText() noexcept = default;
  // Copies what is there: mostly nothing, on the way of a request that is fine.
  FixedText(const FixedText& other) noexcept { *this = other; }
  FixedText& operator=(const FixedText& other) noexcept {
    size_ = other.view().copy(text_.data(), kCapacity);
    return *this;
  }
  FixedText(std::string_view text) noexcept { *this << text; }  // NOLINT(google-explicit-constructor)

  /// Appends; what does not fit is cut.
  FixedText& operator<<(std::string_view text) noexcept;
  FixedText& operator<<(std::uint64_t number) noexcept;
  /// Appends a name in double quotes; long names are cut.
  FixedText& quoted(std::string_view name) noexcept;
  /// Appends `: <what errno means>`.
  FixedText& errno_text(int sys_errno) noexcept;

  [[nodiscard]] std::string_view view() const noexcept { return {text_.data(), size_}; }
  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }

 private:
  std::array<char, kCapacity> text_;
  std::size_t size_ = 0;
};

}  // namespace microvm
