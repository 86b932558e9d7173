// Rows in columns.
#pragma once

#include <string>
#include <vector>

namespace microvm::cli {

class Table {
 public:
  explicit Table(std::vector<std::string> titles) : rows_{std::move(titles)} {}

  /// As many cells as there are titles. They are made printable.
  void add(std::vector<std::string> cells);

  /// The cells of a column (not its title) as `paint` has them, which may add what takes no room.
  using Paint = std::string (*)(const std::string& cell);
  void paint(std::size_t column, Paint how) { painted_ = column, paint_ = how; }

  /// The rows, each but the last behind a newline; the last column is not padded.
  [[nodiscard]] std::string text() const;

 private:
  [[nodiscard]] std::string line(std::size_t row, const std::vector<std::size_t>& widths) const;

  std::vector<std::vector<std::string>> rows_;
  std::size_t painted_ = 0;
  Paint paint_ = nullptr;
};

}  // namespace microvm::cli
