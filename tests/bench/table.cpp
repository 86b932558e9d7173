// The table that is printed.
#include "tests/bench/table.h"

#include <cmath>
#include <cstdio>
#include <iostream>

namespace microvm::bench {
namespace {

std::string line_of(const Row& row) {
  const auto cell = [](const std::string& text) { return text.empty() ? "–" : text; };
  const std::string target = (row.at_least ? "≥ " : "≤ ") + number(row.target, row.unit);
  const std::string measured = row.figure ? number(*row.figure, row.unit) : "–";
  const std::string verdict = !row.figure ? "not measured" : row.met() ? "met" : "**not met**";
  return "| " + row.what + " | " + cell(row.ours) + " | " + cell(row.crate) + " | " + cell(row.floor) + " | " + target +
         " | " + measured + " | " + verdict + " |\n";
}

}  // namespace

std::string number(double value, const std::string& unit) {
  const double size = std::abs(value);
  char text[64];
  std::snprintf(text, sizeof text, "%.*f%s%s",
                size < 10    ? 2
                : size < 100 ? 1
                             : 0,
                value, unit.empty() ? "" : " ", unit.c_str());
  return text;
}

void Table::add(Row row) {
  std::cerr << line_of(row);
  rows_.push_back(std::move(row));
}

std::string Table::text() const {
  std::string text = "| what | " + heads_ + " | target | measured | |\n|---|---|---|---|---|---|---|\n";
  for (const Row& row : rows_) text += line_of(row);
  return text;
}

std::vector<std::string> Table::far_off() const {
  std::vector<std::string> names;
  for (const Row& row : rows_) {
    if (!row.met(row.slack)) names.push_back(line_of(row));
  }
  return names;
}

}  // namespace microvm::bench
