#include "common/base/timestamp.h"

#include <charconv>

#include "common/base/rfc3339.h"

namespace microvm {
namespace {

using namespace std::chrono;

// Takes `digits` digits and the character behind them off the text.
bool take(std::string_view& text, std::size_t digits, char behind, int& number) noexcept {
  if (text.size() <= digits || text[digits] != behind) return false;
  const auto [end, error] = std::from_chars(text.data(), text.data() + digits, number);
  if (error != std::errc() || end != text.data() + digits || text[0] == '-') return false;
  text.remove_prefix(digits + 1);
  return true;
}

// The parts of a second, with the Z: "123Z".
std::optional<milliseconds> parts(std::string_view text) noexcept {
  if (text.size() < 2 || text.size() > 10 || text.back() != 'Z') return std::nullopt;
  text.remove_suffix(1);
  int ms = 0;
  for (std::size_t i = 0; i < 3; ++i) ms = 10 * ms + (i < text.size() ? text[i] - '0' : 0);
  if (text.find_first_not_of("0123456789") != text.npos) return std::nullopt;
  return milliseconds(ms);
}

}  // namespace

std::string timestamp_text(sys_time<milliseconds> when) { return std::string(TimeText(when, 3).view()); }

std::optional<sys_time<milliseconds>> parse_timestamp(std::string_view text) noexcept {
  int y = 0, mo = 0, d = 0, h = 0, mi = 0, s = 0;
  if (!take(text, 4, '-', y) || !take(text, 2, '-', mo) || !take(text, 2, 'T', d) || !take(text, 2, ':', h) ||
      !take(text, 2, ':', mi))
    return std::nullopt;
  milliseconds ms{0};
  if (!take(text, 2, 'Z', s)) {
    if (!take(text, 2, '.', s)) return std::nullopt;
    const auto rest = parts(text);
    if (!rest) return std::nullopt;
    ms = *rest;
  } else if (!text.empty()) {
    return std::nullopt;
  }
  const year_month_day date(year(y), month(static_cast<unsigned>(mo)), day(static_cast<unsigned>(d)));
  if (!date.ok() || h > 23 || mi > 59 || s > 60) return std::nullopt;
  return sys_days(date) + hours(h) + minutes(mi) + seconds(s) + ms;
}

}  // namespace microvm
