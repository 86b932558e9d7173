// A log in two halves, `name` and the older `name.1`, which together take at most a limit. A disk that takes no more
// loses what was to be written, which is counted; the writer never waits.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "common/base/unique_fd.h"

namespace microvm::monitor {

class RotatingFile {
 public:
  /// Records: a text that ends in the middle of a line, because its writer was killed, is ended before more follows.
  enum class Content : std::uint8_t { Records, Raw };

  /// `dir` is the caller's and stays open. The file is opened with the first byte.
  RotatingFile(int dir, std::string name, std::uint64_t limit, Content content);

  /// Keeps one piece, given in parts, until the next flush().
  void append(std::span<const std::string_view> parts);
  void append(std::string_view text) { append({&text, 1}); }
  /// Writes what is kept. The halves change between two lines, unless one alone is longer than a half.
  void flush() noexcept;
  /// At once, without a copy.
  void write(std::string_view text) noexcept;

  /// Bytes that no disk took.
  [[nodiscard]] std::uint64_t dropped() const noexcept { return dropped_; }
  /// Gives the older half back to the disk.
  void drop_older() noexcept;

 private:
  bool open() noexcept;
  void rotate() noexcept;
  std::string_view fitting(std::string_view text) noexcept;
  std::size_t write_some(std::string_view text) noexcept;

  int dir_;
  std::string name_, older_;
  std::uint64_t half_;
  Content content_;
  UniqueFd fd_;
  std::uint64_t size_ = 0;
  std::uint64_t dropped_ = 0;
  std::string kept_;
};

}  // namespace microvm::monitor
