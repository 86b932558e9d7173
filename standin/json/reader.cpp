#include "standin/json/reader.h"

#include <algorithm>

#include "standin/json/text.h"
#include "standin/json/utf8.h"

namespace microvm::standin::json {

std::string Failure::text() const {
  if (line == 0) return what;
  return what + " at line " + std::to_string(line) + " column " + std::to_string(column);
}

std::string Failure::debug() const {
  return "Error(" + debug_quoted(what) + ", line: " + std::to_string(line) + ", column: " + std::to_string(column) +
         ")";
}

void Reader::place(std::size_t index) noexcept {
  const std::string_view before = text_.substr(0, index);
  const auto newline = before.rfind('\n');
  failure_.line = 1 + static_cast<std::size_t>(std::ranges::count(before, '\n'));
  failure_.column = newline == before.npos ? index : index - newline - 1;
}

bool Reader::fail(std::string what) {
  if (!failed()) failure_.what = std::move(what);
  return false;
}

bool Reader::fail_read(std::string_view what) {
  if (failed()) return false;
  failure_.what = what;
  place(at_);
  return false;
}

bool Reader::fail_next(std::string_view what) {
  if (failed()) return false;
  failure_.what = what;
  place(std::min(text_.size(), at_ + 1));
  return false;
}

bool Reader::placed() noexcept {
  if (failed() && failure_.line == 0) place(at_);
  return false;
}

int Reader::skip_space() noexcept {
  while (peek() == ' ' || peek() == '\n' || peek() == '\t' || peek() == '\r') ++at_;
  return peek();
}

bool Reader::end() { return skip_space() == kEnd || fail_next("trailing characters"); }

bool Reader::enter() {
  if (depth_left_ == 0) return fail_next("recursion limit exceeded");
  --depth_left_;
  ++at_;
  return true;
}

bool Reader::close_list() {
  switch (skip_space()) {
    case ']':
      ++at_;
      return true;
    case ',':
      ++at_;
      return fail_next(skip_space() == ']' ? "trailing comma" : "trailing characters");
    case kEnd:
      return fail_next("EOF while parsing a list");
    default:
      return fail_next("trailing characters");
  }
}

bool Reader::close_map() {
  switch (skip_space()) {
    case '}':
      ++at_;
      return true;
    case ',':
      return fail_next("trailing comma");
    case kEnd:
      return fail_next("EOF while parsing an object");
    default:
      return fail_next("trailing characters");
  }
}

bool Reader::has_element(bool& first) {
  const int byte = skip_space();
  if (byte == kEnd) return fail_next("EOF while parsing a list");
  if (byte == ']') return false;
  if (first) {
    first = false;
    return true;
  }
  if (byte != ',') return fail_next("expected `,` or `]`");
  ++at_;
  if (skip_space() == ']') return fail_next("trailing comma");
  return !at_end() || fail_next(kEndOfValue);
}

bool Reader::has_name(bool& first, std::string& name) {
  int byte = skip_space();
  if (byte == kEnd) return fail_next("EOF while parsing an object");
  if (byte == '}') return false;
  if (!first) {
    if (byte != ',') return fail_next("expected `,` or `}`");
    ++at_;
    byte = skip_space();
    if (byte == '}') return fail_next("trailing comma");
    if (byte == kEnd) return fail_next(kEndOfValue);
  }
  first = false;
  if (byte != '"') return fail_next("key must be a string");
  ++at_;
  return string_body(name);
}

bool Reader::colon() {
  const int byte = skip_space();
  if (byte != ':') return fail_next(byte == kEnd ? "EOF while parsing an object" : "expected `:`");
  ++at_;
  return true;
}

bool Reader::word(std::string_view rest) {
  ++at_;
  for (const char expected : rest) {
    if (at_end()) return fail_read(kEndOfValue);
    if (text_[at_++] != expected) return fail_read("expected ident");
  }
  return true;
}

bool Reader::null() {
  const int byte = skip_space();
  if (byte == kEnd) return fail_next(kEndOfValue);
  return byte == 'n' ? word("ull") : unexpected("unit");
}

bool Reader::boolean(std::string_view expected, bool& into) {
  const int byte = skip_space();
  if (byte == kEnd) return fail_next(kEndOfValue);
  if (byte != 't' && byte != 'f') return unexpected(expected);
  into = byte == 't';
  return word(into ? "rue" : "alse");
}

bool Reader::string(std::string_view expected, std::string& into) {
  const int byte = skip_space();
  if (byte == kEnd) return fail_next(kEndOfValue);
  if (byte != '"') return unexpected(expected);
  ++at_;
  return string_body(into);
}

bool Reader::integer(std::string_view expected, std::uint64_t most, std::uint64_t& into) {
  const int byte = skip_space();
  if (byte == kEnd) return fail_next(kEndOfValue);
  if (!is_number(byte)) return unexpected(expected);
  Number number;
  if (!number_into(number)) return false;
  const auto* positive = std::get_if<std::uint64_t>(&number);
  if (positive != nullptr && *positive <= most) {
    into = *positive;
    return true;
  }
  if (const auto* real = std::get_if<double>(&number)) {
    fail("invalid type: floating point `" + number_text(*real) + "`, expected " + std::string(expected));
  } else {
    const auto digits =
        positive != nullptr ? std::to_string(*positive) : std::to_string(std::get<std::int64_t>(number));
    fail("invalid value: integer `" + digits + "`, expected " + std::string(expected));
  }
  return placed();
}

bool Reader::unexpected(std::string_view expected) {
  std::string found;
  const int byte = peek();
  if (byte == 'n') {
    if (!word("ull")) return false;
    found = "null";
  } else if (byte == 't' || byte == 'f') {
    if (!word(byte == 't' ? "rue" : "alse")) return false;
    found = byte == 't' ? "boolean `true`" : "boolean `false`";
  } else if (is_number(byte)) {
    Number number;
    if (!number_into(number)) return false;
    if (const auto* real = std::get_if<double>(&number)) {
      found = "floating point `" + number_text(*real) + "`";
    } else {
      found = "integer `" +
              (byte == '-' ? std::to_string(std::get<std::int64_t>(number))
                           : std::to_string(std::get<std::uint64_t>(number))) +
              "`";
    }
  } else if (byte == '"') {
    ++at_;
    std::string text;
    if (!string_body(text)) return false;
    found = "string " + debug_quoted(text);
  } else if (byte == '[' || byte == '{') {
    found = byte == '[' ? "sequence" : "map";
  } else {
    return fail_next(kExpectedValue);
  }
  fail("invalid type: " + found + ", expected " + std::string(expected));
  return placed();
}

bool Reader::skip_value() {
  std::string text;
  bool truth = false;
  switch (skip_space()) {
    case '"':
      return string("", text);
    case '[':
      return list([&] { return skip_value(); });
    case '{':
      return map([&](const std::string&) { return colon() && skip_value(); });
    case 't':
    case 'f':
      return boolean("", truth);
    case 'n':
      return null();
    default:
      return any_number([](auto) {});
  }
}

bool Reader::string_body(std::string& into) {
  into.clear();
  while (true) {
    if (at_end()) return fail_read("EOF while parsing a string");
    const char c = text_[at_++];
    if (c == '"') break;
    if (static_cast<unsigned char>(c) < 0x20)
      return fail_read("control character (\\u0000-\\u001F) found while parsing a string");
    if (c != '\\') {
      into += c;
    } else if (!escape(into)) {
      return false;
    }
  }
  return !utf8_fault(into) || fail_read("invalid unicode code point");
}

bool Reader::escape(std::string& into) {
  constexpr std::string_view kLetters = "\"\\/bfnrt";
  constexpr std::string_view kMeanings = "\"\\/\b\f\n\r\t";
  if (at_end()) return fail_read("EOF while parsing a string");
  const char letter = text_[at_++];
  if (letter == 'u') return unicode_escape(into);
  const auto index = kLetters.find(letter);
  if (index == kLetters.npos) return fail_read("invalid escape");
  into += kMeanings[index];
  return true;
}

bool Reader::hex4(unsigned& into) {
  if (text_.size() - at_ < 4) {
    at_ = text_.size();
    return fail_read("EOF while parsing a string");
  }
  into = 0;
  bool good = true;
  for (int i = 0; i < 4; ++i) {
    const char c = text_[at_++];
    const auto lower = static_cast<char>(c | 0x20);
    const bool letter = lower >= 'a' && lower <= 'f';
    good = good && (letter || (c >= '0' && c <= '9'));
    into = into * 16 + static_cast<unsigned>(letter ? lower - 'a' + 10 : c - '0');
  }
  return good || fail_read("invalid escape");
}

bool Reader::unicode_escape(std::string& into) {
  constexpr std::string_view kLone = "lone leading surrogate in hex escape";
  unsigned point = 0;
  if (!hex4(point)) return false;
  if (point >= 0xDC00 && point <= 0xDFFF) return fail_read(kLone);
  if (point >= 0xD800 && point <= 0xDBFF) {
    for (const char expected : {'\\', 'u'}) {
      if (at_end()) return fail_read("EOF while parsing a string");
      if (text_[at_++] != expected) return fail_read("unexpected end of hex escape");
    }
    unsigned low = 0;
    if (!hex4(low)) return false;
    if (low < 0xDC00 || low > 0xDFFF) return fail_read(kLone);
    point = ((point - 0xD800) << 10) + (low - 0xDC00) + 0x10000;
  }
  const auto tail = [&into](unsigned bits) { into += static_cast<char>(0x80 | (bits & 0x3F)); };
  if (point < 0x80) {
    into += static_cast<char>(point);
  } else if (point < 0x800) {
    into += static_cast<char>(0xC0 | (point >> 6));
    tail(point);
  } else if (point < 0x10000) {
    into += static_cast<char>(0xE0 | (point >> 12));
    tail(point >> 6);
    tail(point);
  } else {
    into += static_cast<char>(0xF0 | (point >> 18));
    tail(point >> 12);
    tail(point >> 6);
    tail(point);
  }
  return true;
}

}  // namespace microvm::standin::json
