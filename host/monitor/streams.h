// What the VMM writes: the guest's console, its own log, its metrics. Each keeps what its bytes say.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "common/base/deadline.h"
#include "host/monitor/cri_log.h"
#include "host/monitor/directories.h"
#include "host/monitor/metrics.h"
#include "host/monitor/options.h"
#include "host/monitor/ring.h"
#include "host/monitor/rotating_file.h"
#include "host/monitor/signs.h"
#include "host/monitor/tail.h"

namespace microvm::monitor {

/// The first line of each kind that the guest's kernel has said; empty: none.
struct Signs {
  std::string panic{}, powered_off{}, rebooting{};
};

class Console {
 public:
  Console(int state_dir, const Options& options);

  void feed(std::string_view bytes);
  /// When a line that does not end is to be logged as it is.
  [[nodiscard]] std::optional<Deadline> partial_due() const noexcept { return partial_due_; }
  void end_partial();
  /// The stream has ended.
  void end();
  /// What an earlier monitor saw; then the tail from what it has logged.
  void restore(Signs signs) { signs_ = std::move(signs); }
  void seed(const Directory& state);

  [[nodiscard]] const Ring& ring() const noexcept { return ring_; }
  [[nodiscard]] const Signs& signs() const noexcept { return signs_; }
  [[nodiscard]] std::vector<std::string> tail() const { return tail_.lines(); }
  [[nodiscard]] std::uint64_t records() const noexcept { return log_.records(); }
  [[nodiscard]] RotatingFile& file() noexcept { return file_; }
  [[nodiscard]] const RotatingFile& file() const noexcept { return file_; }

 private:
  void look_at(std::string_view line);

  RotatingFile file_;
  CriLog log_;
  Ring ring_;
  Tail tail_;
  Signs signs_;
  std::optional<Deadline> partial_due_;
};

class VmmLog {
 public:
  VmmLog(int state_dir, const Options& options);

  void feed(std::string_view bytes);
  void seed(const Directory& state);

  [[nodiscard]] std::vector<std::string> tail() const { return tail_.lines(); }
  [[nodiscard]] std::uint64_t bytes() const noexcept { return bytes_; }
  [[nodiscard]] std::uint64_t lines() const noexcept { return lines_; }
  [[nodiscard]] RotatingFile& file() noexcept { return file_; }
  [[nodiscard]] const RotatingFile& file() const noexcept { return file_; }

 private:
  RotatingFile file_;
  Tail tail_;
  std::uint64_t bytes_ = 0, lines_ = 0;
};

class MetricsStream {
 public:
  MetricsStream(Directory& run, std::string id) : run_(run), sums_(std::move(id)) {}

  void feed(std::string_view bytes);
  void seed();
  [[nodiscard]] const MetricsLines& lines() const noexcept { return lines_; }

 private:
  void save();

  Directory& run_;
  Metrics sums_;
  MetricsLines lines_;
};

}  // namespace microvm::monitor
