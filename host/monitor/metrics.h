// The VMM's metrics: one JSON object a line, whose counters are what happened since the line before. Sums over the
// VMM's whole life, as Prometheus' text format has them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace microvm::monitor {

class Metrics {
 public:
  /// `id` is the VM's, a label of every series.
  explicit Metrics(std::string id) : id_(std::move(id)) {}

  /// Adds one line. False, and nothing of it is taken, where it is not a JSON object.
  bool add(std::string_view line);
  /// Goes on from what print() once gave.
  void restore(std::string_view text);
  /// To `write(std::string_view)`, line by line. Sorted, so that the series of one name stand together, as the format
  /// wants.
  void print(auto write) const {
    std::string line;
    for (const Series* before = nullptr; const Series& series : series_) {
      describe(series, before, line);
      write(std::string_view(line));
      before = &series;
    }
  }

 private:
  struct Series {
    std::string key;  // firecracker_block_read_count{id="web-1",device="rootfs"}
    std::uint64_t value = 0;
    bool gauge = false;
  };
  class Reader;

  static void describe(const Series& series, const Series* before, std::string& line);
  void put(std::string_view key, bool gauge, std::uint64_t value);
  Series* find_or_add(std::string_view key, bool gauge);

  std::string id_;
  std::vector<Series> series_;  // by key
};

/// Skips and counts what is longer than the longest line of metrics.
class MetricsLines {
 public:
  /// `on_line(std::string_view)` answers whether the line was good.
  void feed(std::string_view bytes, auto on_line) {
    while (!bytes.empty()) {
      const std::size_t end = bytes.find('\n');
      take(bytes.substr(0, end));
      if (end == bytes.npos) return;
      bytes.remove_prefix(end + 1);
      if (!too_long_ && kept_.empty()) continue;
      ++lines_;
      if (too_long_ || !on_line(std::string_view(kept_))) ++bad_;
      too_long_ = false;
      kept_ = {};  // and its room: the next one comes in a minute
    }
  }
  [[nodiscard]] std::uint64_t lines() const noexcept { return lines_; }
  [[nodiscard]] std::uint64_t bad() const noexcept { return bad_; }

 private:
  void take(std::string_view text);

  std::string kept_;
  bool too_long_ = false;
  std::uint64_t lines_ = 0, bad_ = 0;
};

}  // namespace microvm::monitor
