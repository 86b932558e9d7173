#include "standin/json/text.h"

#include <array>
#include <charconv>
#include <cmath>

namespace microvm::standin::json {
namespace {

constexpr std::string_view kHex = "0123456789abcdef";

// The letter behind the backslash; 0 for what has none.
char short_escape(char c) noexcept {
  constexpr std::string_view kEscaped = "\"\\\b\f\n\r\t";
  constexpr std::string_view kLetters = "\"\\bfnrt";
  const auto at = kEscaped.find(c);
  return at == kEscaped.npos ? '\0' : kLetters[at];
}

}  // namespace

void append_quoted(std::string& out, std::string_view text) {
  out += '"';
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (const char letter = short_escape(c)) {
      out.append({'\\', letter});
    } else if (byte < 0x20) {
      out.append("\\u00").append({kHex[byte >> 4], kHex[byte & 15]});
    } else {
      out += c;
    }
  }
  out += '"';
}

std::string debug_quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\0') {
      out += "\\0";
    } else if (c == '"' || c == '\\' || c == '\n' || c == '\r' || c == '\t') {
      out.append({'\\', short_escape(c)});
    } else if (byte < 0x20 || byte == 0x7F) {
      out += "\\u{";
      if (byte >= 16) out += kHex[byte >> 4];
      out.append({kHex[byte & 15], '}'});
    } else {
      out += c;
    }
  }
  return out += '"';
}

std::string number_text(double number) {
  std::array<char, 32> buffer;
  const auto end =
      std::to_chars(buffer.data(), buffer.data() + buffer.size(), number, std::chars_format::scientific).ptr;
  std::string_view text(buffer.data(), static_cast<std::size_t>(end - buffer.data()));
  std::string out;
  if (text.front() == '-') {
    out = "-";
    text.remove_prefix(1);
  }
  const auto e = text.find('e');
  int exponent = 0;
  const char* digits_of_exponent = text.data() + e + (text[e + 1] == '+' ? 2 : 1);
  std::from_chars(digits_of_exponent, text.data() + text.size(), exponent);
  std::string digits(text.substr(0, 1));
  if (e > 2) digits += text.substr(2, e - 2);

  const int point = exponent + 1;  // digits before the decimal point
  const int size = static_cast<int>(digits.size());
  if (size <= point && point <= 16) return out + digits.append(static_cast<std::size_t>(point - size), '0') + ".0";
  if (0 < point && point <= 16) return out + digits.insert(static_cast<std::size_t>(point), 1, '.');
  if (-5 < point && point <= 0) return out + "0." + std::string(static_cast<std::size_t>(-point), '0') + digits;
  if (size > 1) digits.insert(1, 1, '.');
  return out + digits + (exponent < 0 ? "e-" : "e+") + std::to_string(std::abs(exponent));
}

}  // namespace microvm::standin::json
