// The console as CRI's log format has it: `2026-11-30T10:00:00.123456789Z stdout F text`.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "common/base/rfc3339.h"
#include "host/monitor/limits.h"
#include "host/monitor/rotating_file.h"

namespace microvm::monitor {

class CriLog {
 public:
  explicit CriLog(RotatingFile& file) noexcept : file_(file) {}

  /// Bytes as they came at `now`. A line that has not ended is kept, and so are records, until the file is flushed.
  void feed(std::string_view bytes, TimeText::Nanoseconds now);
  /// What was kept of a line becomes a record that says that the line goes on.
  void end_partial(TimeText::Nanoseconds now);

  [[nodiscard]] bool has_partial() const noexcept { return size_ > 0; }
  [[nodiscard]] std::uint64_t records() const noexcept { return records_; }

 private:
  void take(std::string_view text, const TimeText& time);
  void put(std::string_view text, bool whole, const TimeText& time);
  [[nodiscard]] std::string_view line() const noexcept { return {line_.data(), size_}; }

  RotatingFile& file_;
  std::array<char, kRecordBytes> line_;
  std::size_t size_ = 0;
  std::uint64_t records_ = 0;
};

/// The text of one record without its newline; nothing where it is none. `whole` is false for a `P` record.
struct CriText {
  std::string_view text;
  bool whole = true;
};
CriText cri_text(std::string_view record) noexcept;

}  // namespace microvm::monitor
