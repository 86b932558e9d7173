#include "common/base/rfc3339.h"

#include <algorithm>
#include <cstdint>

namespace microvm {
namespace {

char* put(char* at, std::uint64_t value, unsigned digits) noexcept {
  for (unsigned i = digits; i-- > 0; value /= 10) at[i] = static_cast<char>('0' + value % 10);
  return at + digits;
}

}  // namespace

TimeText::TimeText(Nanoseconds when, unsigned digits) noexcept {
  using namespace std::chrono;
  const auto day = floor<days>(when);
  const year_month_day date(day);
  const hh_mm_ss time(when - day);
  const auto number = [](auto count) { return static_cast<std::uint64_t>(count); };
  char* at = put(text_.data(), number(std::clamp(static_cast<int>(date.year()), 0, 9999)), 4);
  *at++ = '-';
  at = put(at, static_cast<unsigned>(date.month()), 2);
  *at++ = '-';
  at = put(at, static_cast<unsigned>(date.day()), 2);
  *at++ = 'T';
  at = put(at, number(time.hours().count()), 2);
  *at++ = ':';
  at = put(at, number(time.minutes().count()), 2);
  *at++ = ':';
  at = put(at, number(time.seconds().count()), 2);
  *at++ = '.';
  put(at, number(time.subseconds().count()), 9);
  at += std::min(digits, 9U);
  *at++ = 'Z';
  size_ = static_cast<std::size_t>(at - text_.data());
}

}  // namespace microvm
