// A VM's logs as they are shown: the guest's console out of CRI's log format, the VMM's own log as it is.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "cli/log_file.h"
#include "microvm/error.h"
#include "microvm/runtime_types.h"

namespace microvm::cli {

/// One record: `2026-11-30T10:00:00.123456789Z stdout F text`.
struct CriRecord {
  std::string_view time;
  bool partial = false;  ///< the line goes on in the next record
  std::string_view text;
};
std::optional<CriRecord> parse_cri(std::string_view line);

struct LogOptions {
  bool vmm = false;         ///< the VMM's log, which has no times of ours
  bool timestamps = false;  ///< before each line
  std::optional<Timestamp> since{};
};

class LogText {
 public:
  LogText(const std::string& state_dir, LogOptions options)
      : file_(state_dir, options.vmm ? "vmm.log" : "console.log"), options_(options) {}

  /// Appends some of what comes next to `text`; false at the present end. A part of a line that has no end yet comes
  /// once it has; what cannot be read as a record is shown as it is.
  Result<bool> read(std::string& text);
  [[nodiscard]] bool lost() noexcept { return file_.lost(); }

 private:
  void take(std::string_view line, std::string& text);

  LogFile file_;
  LogOptions options_;
  std::string rest_;      // of a record
  bool in_line_ = false;  // behind a partial record
};

}  // namespace microvm::cli
