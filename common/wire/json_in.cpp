#include "common/wire/json_in.h"

#include <algorithm>

#include "common/base/find_byte.h"

// The only parts of Boost.JSON that basic_parser needs; the library itself is not linked.
#include <boost/json/detail/impl/default_resource.ipp>
#include <boost/json/detail/impl/shared_resource.ipp>
#include <boost/json/detail/impl/stack.ipp>
#include <boost/json/impl/error.ipp>

namespace microvm::wire {
namespace {

constexpr std::size_t kMaxExponentDigits = 8;

bool is_number_digit(char c) noexcept { return c >= '0' && c <= '9'; }

// `at` is behind the opening quote; answers the place behind the closing one.
char* skip_string(char* at, char* end) noexcept {
  while (at != end) {
    const std::size_t quote = find_byte({at, static_cast<std::size_t>(end - at)}, '"');
    if (quote == std::string_view::npos) return end;
    at += quote;
    const char* backslash = at;
    while (backslash[-1] == '\\') --backslash;  // stops at the opening quote at the latest
    const bool escaped = (at - backslash) % 2 != 0;
    ++at;
    if (!escaped) return at;
  }
  return end;
}

// `at` is behind the e; answers the place behind the exponent.
char* clamp_exponent(char* at, char* end) noexcept {
  if (at != end && (*at == '+' || *at == '-')) ++at;
  char* const stop = std::find_if_not(at, end, is_number_digit);
  char* const significant = std::find_if(at, stop, [](char c) { return c != '0'; });
  if (static_cast<std::size_t>(stop - significant) <= kMaxExponentDigits) return stop;
  std::fill(significant, stop, '0');
  std::fill(stop - kMaxExponentDigits, stop, '9');
  return stop;
}

}  // namespace

void clamp_exponents(std::span<char> text) noexcept {
  char* at = text.data();
  char* const end = at + text.size();
  while (at != end) {
    const char c = *at++;
    if (c == '"') {
      at = skip_string(at, end);
    } else if (c == 'e' || c == 'E') {
      at = clamp_exponent(at, end);
    }
  }
}

}  // namespace microvm::wire
