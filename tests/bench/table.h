// The table that is printed: what was measured, and whether it is what was aimed at.
#pragma once

#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace microvm::bench {

/// One thing aimed at. `figure` is a ratio to the crate's daemon or to the floor, or a plain number.
struct Row {
  std::string what;
  std::string ours{};
  std::string crate{};             ///< empty: not measured
  std::string floor{};             ///< likewise
  std::optional<double> figure{};  ///< nothing: it takes the crate's daemon, which is not there
  double target = 0;
  bool at_least = false;  ///< else at most
  std::string unit = "×";
  /// How far from the target a busy machine may bring it before the brief run fails.
  double slack = 1.2;

  [[nodiscard]] bool met(double within = 1.0) const {
    return !figure || (at_least ? *figure * within >= target : *figure <= target * within);
  }
};

/// Three significant digits at most, and the unit.
[[nodiscard]] std::string number(double value, const std::string& unit);
[[nodiscard]] inline std::string us(double value) { return number(value, "µs"); }
[[nodiscard]] inline std::string kib(double bytes) { return number(bytes / 1024, "KiB"); }

class Table {
 public:
  /// The heads of the columns of Row's `ours`, `crate` and `floor`.
  explicit Table(std::string heads = "this daemon | the crate's | bare calls") : heads_(std::move(heads)) {}
  void add(Row row);
  /// In Markdown.
  [[nodiscard]] std::string text() const;
  /// The rows that are further from their target than their slack.
  [[nodiscard]] std::vector<std::string> far_off() const;

 private:
  std::string heads_;
  std::vector<Row> rows_;
};

}  // namespace microvm::bench
