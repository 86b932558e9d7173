// The numbers of the reader: integers as long as they fit, else the nearest double.
#include <cmath>
#include <cstdlib>
#include <limits>

#include "standin/json/reader.h"

namespace microvm::standin::json {
namespace {

constexpr int kLargestPower = 308;
constexpr std::string_view kInvalid = "invalid number";

bool is_digit(int byte) noexcept { return byte >= '0' && byte <= '9'; }

bool would_overflow(std::uint64_t digits, int digit) noexcept {
  constexpr auto kMost = std::numeric_limits<std::uint64_t>::max();
  return digits > kMost / 10 || digits * 10 > kMost - static_cast<std::uint64_t>(digit);
}

double power_of_ten(int exponent) { return std::strtod(("1e" + std::to_string(exponent)).c_str(), nullptr); }

}  // namespace

bool Reader::number_into(Number& into) {
  const bool positive = peek() != '-';
  if (!positive) ++at_;
  if (at_end()) return fail_read(kEndOfValue);
  const int first = text_[at_++];
  if (!is_digit(first)) return fail_read(kInvalid);
  if (first == '0') return is_digit(peek()) ? fail_next(kInvalid) : number_tail(positive, 0, into);
  auto digits = static_cast<std::uint64_t>(first - '0');
  for (; is_digit(peek()); ++at_) {
    if (!would_overflow(digits, peek() - '0')) {
      digits = digits * 10 + static_cast<std::uint64_t>(peek() - '0');
      continue;
    }
    int more = 0;
    for (; is_digit(peek()); ++at_) ++more;
    double real = 0;
    const int byte = peek();
    if (!(byte == '.'                  ? decimal(digits, more, real)
          : byte == 'e' || byte == 'E' ? exponent(digits, more, real)
                                       : from_parts(digits, more, real)))
      return false;
    into = positive ? real : -real;
    return true;
  }
  return number_tail(positive, digits, into);
}

bool Reader::number_tail(bool positive, std::uint64_t digits, Number& into) {
  const int byte = peek();
  if (byte == '.' || byte == 'e' || byte == 'E') {
    double real = 0;
    if (!(byte == '.' ? decimal(digits, 0, real) : exponent(digits, 0, real))) return false;
    into = positive ? real : -real;
  } else if (positive) {
    into = digits;
  } else if (const auto negative = static_cast<std::int64_t>(0 - digits); negative < 0) {
    into = negative;
  } else {
    into = -static_cast<double>(digits);
  }
  return true;
}

bool Reader::decimal(std::uint64_t digits, int exponent_before, double& into) {
  ++at_;
  int behind = 0;
  for (; is_digit(peek()); ++at_) {
    if (would_overflow(digits, peek() - '0')) {
      while (is_digit(peek())) ++at_;
      break;
    }
    digits = digits * 10 + static_cast<std::uint64_t>(peek() - '0');
    --behind;
  }
  if (behind == 0 && !is_digit(text_[at_ - 1])) return fail_next(at_end() ? kEndOfValue : kInvalid);
  const int total = exponent_before + behind;
  return peek() == 'e' || peek() == 'E' ? exponent(digits, total, into) : from_parts(digits, total, into);
}

bool Reader::exponent(std::uint64_t digits, int start, double& into) {
  ++at_;
  const bool negative = peek() == '-';
  if (negative || peek() == '+') ++at_;
  if (at_end()) return fail_read(kEndOfValue);
  if (!is_digit(text_[at_++])) return fail_read(kInvalid);
  constexpr int kEnough = 1'000'000;  // no digits of a body make up for more
  int value = text_[at_ - 1] - '0';
  for (; is_digit(peek()); ++at_) value = std::min(kEnough, value * 10 + (peek() - '0'));
  return from_parts(digits, negative ? start - value : start + value, into);
}

bool Reader::from_parts(std::uint64_t digits, int exponent, double& into) {
  into = static_cast<double>(digits);
  for (; exponent < -kLargestPower && into != 0.0; exponent += kLargestPower) into /= power_of_ten(kLargestPower);
  if (into == 0.0) return true;
  if (exponent > kLargestPower) return fail_read("number out of range");
  if (exponent < 0) {
    into /= power_of_ten(-exponent);
  } else {
    into *= power_of_ten(exponent);
  }
  return !std::isinf(into) || fail_read("number out of range");
}

}  // namespace microvm::standin::json
