#include "cli/duration.h"

#include <charconv>
#include <cstdint>

namespace microvm::cli {
namespace {

struct Unit {
  std::string_view name;
  std::chrono::milliseconds size;
};

constexpr Unit kUnits[] = {
    {"ms", std::chrono::milliseconds(1)}, {"s", std::chrono::seconds(1)}, {"m", std::chrono::minutes(1)}};

}  // namespace

std::optional<std::chrono::milliseconds> parse_duration(std::string_view text) {
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || number == 0) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  for (const Unit& unit : kUnits) {
    if (text == unit.name && number <= kLongestDuration / unit.size) return number * unit.size;
  }
  return std::nullopt;
}

}  // namespace microvm::cli
