#include "cli/table.h"

#include <algorithm>

#include "common/base/printable.h"

namespace microvm::cli {
namespace {

constexpr std::size_t kMaxCell = 4096;
constexpr std::size_t kGap = 3;

}  // namespace

void Table::add(std::vector<std::string> cells) {
  for (std::string& cell : cells) cell = cell.empty() ? "-" : printable(cell, kMaxCell);
  cells.resize(rows_.front().size(), "-");
  rows_.push_back(std::move(cells));
}

std::string Table::line(std::size_t row, const std::vector<std::size_t>& widths) const {
  std::string out;
  const auto& cells = rows_[row];
  for (std::size_t column = 0; column < cells.size(); ++column) {
    const std::string& cell = cells[column];
    out += row > 0 && paint_ != nullptr && column == painted_ ? paint_(cell) : cell;
    if (column + 1 < cells.size()) out.append(widths[column] - cell.size() + kGap, ' ');
  }
  return out;
}

std::string Table::text() const {
  std::vector<std::size_t> widths(rows_.front().size());
  for (const auto& row : rows_) {
    for (std::size_t column = 0; column < row.size(); ++column) {
      widths[column] = std::max(widths[column], row[column].size());
    }
  }
  std::string out;
  for (std::size_t row = 0; row < rows_.size(); ++row) out += (row == 0 ? "" : "\n") + line(row, widths);
  return out;
}

}  // namespace microvm::cli
