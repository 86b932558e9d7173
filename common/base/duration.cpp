#include "common/base/duration.h"

#include <charconv>
#include <cstdint>

namespace microvm {
namespace {

struct Unit {
  std::string_view name;
  std::chrono::milliseconds size;
};

constexpr Unit kUnits[] = {
    {"m", std::chrono::minutes(1)}, {"s", std::chrono::seconds(1)}, {"ms", std::chrono::milliseconds(1)}};

}  // namespace

std::optional<std::chrono::milliseconds> parse_duration(std::string_view text) {
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc()) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  for (const Unit& unit : kUnits) {
    if (text == unit.name && number <= kLongestDuration / unit.size) return number * unit.size;
  }
  return std::nullopt;
}

std::string duration_text(std::chrono::milliseconds duration) {
  if (duration.count() == 0) return "0s";
  const Unit* unit = kUnits;
  while (duration % unit->size != std::chrono::milliseconds(0)) ++unit;
  return std::to_string(duration / unit->size).append(unit->name);
}

}  // namespace microvm
