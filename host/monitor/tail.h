// The last lines of a stream, made printable; and each line once it is whole.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/find_byte.h"
#include "host/monitor/limits.h"

namespace microvm::monitor {

class Tail {
 public:
  /// `on_line(std::string_view)` is called with the beginning of each line that ends in `bytes`.
  void feed(std::string_view bytes, auto on_line) {
    while (!bytes.empty()) {
      const std::size_t end = find_byte(bytes, '\n');
      take(bytes.substr(0, end));
      if (end == bytes.npos) return;
      end_line(on_line);
      bytes.remove_prefix(end + 1);
    }
  }
  /// The stream has ended: what stands there is a line.
  void end_line(auto on_line) {
    if (const std::string_view line = current(); !line.empty()) {
      on_line(line);
      next_ = (next_ + 1) % lines_.size();
      held_ = std::min(held_ + 1, kTailLines);
    }
    lines_[next_].size = 0;
  }

  /// The oldest first; without blank ones.
  [[nodiscard]] std::vector<std::string> lines() const;

 private:
  struct Line {
    std::size_t size = 0;
    std::array<char, kTailLineBytes> text;
  };
  void take(std::string_view text) noexcept;
  [[nodiscard]] std::string_view current() const noexcept;

  std::array<Line, kTailLines + 1> lines_;  // one of them is being written
  std::size_t next_ = 0;
  std::size_t held_ = 0;
};

}  // namespace microvm::monitor
