// Where a stream's bytes come from: a FIFO in the run directory, or a file that the VMM writes.
#pragma once

#include <expected>
#include <span>
#include <string>
#include <string_view>

#include "common/base/unique_fd.h"
#include "host/monitor/directories.h"

namespace microvm::monitor {

class Source {
 public:
  Source() noexcept = default;
  /// An end of the monitor's own: it never sees an end of file, and reading never waits.
  static std::expected<Source, Failed> fifo(const Directory& run, const char* name) noexcept;
  /// From its present end on; from its beginning where it comes to be later. It is no source while it is no file.
  static Source file(std::string path) noexcept;

  /// To be polled; -1: it is a file, and read now and then.
  [[nodiscard]] int poll_fd() const noexcept { return path_.empty() ? fd_.get() : -1; }
  [[nodiscard]] bool is_file() const noexcept { return !path_.empty(); }
  /// What is there; empty where nothing is at the moment.
  std::string_view read(std::span<char> room) noexcept;

 private:
  bool open_file() noexcept;

  UniqueFd fd_;
  std::string path_;
};

}  // namespace microvm::monitor
