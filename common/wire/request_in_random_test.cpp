// Requests made at random, with their strings escaped at random, read back as what they were made from.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "common/wire/request_in.h"

namespace microvm::wire {
namespace {

using Texts = std::vector<std::string>;

class Maker {
 public:
  explicit Maker(unsigned seed) : random_(seed) {}

  std::size_t below(std::size_t n) { return std::uniform_int_distribution<std::size_t>(0, n - 1)(random_); }
  bool one_in(std::size_t n) { return below(n) == 0; }

  std::string blanks() {
    std::string text;
    while (one_in(4)) text += " \t\r"[below(3)];
    return text;
  }
  std::string key() {
    static constexpr std::string_view kFirst = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_";
    std::string text(1, kFirst[below(kFirst.size())]);
    while (!one_in(5)) text += one_in(4) ? static_cast<char>('0' + below(10)) : kFirst[below(kFirst.size())];
    return text;
  }
  // Any text in UTF-8; as an env value it has neither newline nor NUL.
  std::string text(std::size_t most, bool env_value) {
    std::string made;
    for (std::size_t n = below(most + 1); n > 0; --n) {
      std::uint32_t point = code_point();
      if (env_value && (point == '\n' || point == 0)) point = '=';
      made += utf8(point);
    }
    return made;
  }
  // The text as a JSON string, each character in one of the ways that there are. `escapes` of 8 of them are escaped.
  std::string json(std::string_view text, std::size_t escapes) {
    std::string made = "\"";
    while (!text.empty()) {
      const auto lead = static_cast<unsigned char>(text.front());
      const std::size_t size = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
      made += character(text.substr(0, size), escapes);
      text.remove_prefix(size);
    }
    return made + "\"";
  }
  std::string object(Texts fields) {
    std::shuffle(fields.begin(), fields.end(), random_);
    return object_in_order(fields);
  }
  std::string object_in_order(const Texts& fields) {
    std::string made = blanks() + "{" + blanks();
    for (std::size_t i = 0; i < fields.size(); ++i) made += (i == 0 ? "" : ",") + fields[i];
    return made + "}" + blanks();
  }
  std::string field(const std::string& name, const std::string& json_value, std::size_t escapes) {
    return blanks() + json(name, escapes) + blanks() + ":" + blanks() + json_value + blanks();
  }
  std::string anything(std::size_t depth) {
    switch (below(depth == 0 ? 4 : 6)) {
      case 0:
        return json(text(20, false), 4);
      case 1:
        return one_in(2) ? "true" : "null";
      case 2:
        return "-" + std::to_string(below(100'000)) + "." + std::to_string(below(1000)) + "e-" +
               std::to_string(below(40));
      case 3:
        return std::to_string(below(1'000'000'000));
      case 4:
        return "[" + anything(depth - 1) + "," + anything(depth - 1) + "]";
      default:
        return object({field("id", anything(depth - 1), 2), field("env", anything(depth - 1), 2)});
    }
  }

 private:
  std::uint32_t code_point() {
    switch (below(6)) {
      case 0:
        return static_cast<std::uint32_t>(below(0x20));
      case 1:
        return static_cast<std::uint32_t>(0x80 + below(0x780));
      case 2:
        return static_cast<std::uint32_t>(one_in(2) ? 0x800 + below(0xD000) : 0xE000 + below(0x2000));
      case 3:
        return static_cast<std::uint32_t>(0x10000 + below(0x100000));
      default:
        return static_cast<std::uint32_t>(0x20 + below(0x60));
    }
  }
  static std::string utf8(std::uint32_t point) {
    const auto tail = [point](unsigned shift) { return static_cast<char>(0x80 | (point >> shift & 0x3F)); };
    const auto head = [point](unsigned mark, unsigned shift) { return static_cast<char>(mark | point >> shift); };
    if (point < 0x80) return {static_cast<char>(point)};
    if (point < 0x800) return {head(0xC0, 6), tail(0)};
    if (point < 0x10000) return {head(0xE0, 12), tail(6), tail(0)};
    return {head(0xF0, 18), tail(12), tail(6), tail(0)};
  }
  static std::uint32_t point_of(std::string_view character) {
    const auto first = static_cast<unsigned char>(character.front());
    std::uint32_t point = character.size() == 1 ? first : first & (0xFFU >> (character.size() + 1));
    for (const char c : character.substr(1)) point = point << 6 | (static_cast<unsigned char>(c) & 0x3FU);
    return point;
  }
  std::string unit(std::uint32_t value) {
    std::string made = "\\u";
    for (const unsigned shift : {12U, 8U, 4U, 0U}) {
      const char digit = "0123456789abcdef"[value >> shift & 15];
      made += digit >= 'a' && one_in(2) ? static_cast<char>(digit - 'a' + 'A') : digit;
    }
    return made;
  }
  std::string character(std::string_view text, std::size_t escapes) {
    const std::uint32_t point = point_of(text);
    if (point >= 0x20 && point != '"' && point != '\\' && below(8) >= escapes) return std::string(text);
    static const std::map<std::uint32_t, const char*> kShort = {{'"', "\\\""}, {'\\', "\\\\"}, {'/', "\\/"},
                                                                {'\b', "\\b"}, {'\f', "\\f"},  {'\n', "\\n"},
                                                                {'\r', "\\r"}, {'\t', "\\t"}};
    if (const auto at = kShort.find(point); at != kShort.end() && one_in(2)) return at->second;
    if (point < 0x10000) return unit(point);
    return unit(0xD7C0 + (point >> 10)) + unit(0xDC00 + (point & 0x3FF));
  }

  std::mt19937 random_;
};

// Unknown fields beside the ones that count.
void add_noise(Maker& make, Texts& fields) {
  while (make.one_in(2)) fields.push_back(make.field("u" + make.key(), make.anything(3), 2));
}

void expect_env(Maker& make, std::size_t entries, std::size_t most, std::size_t escapes) {
  std::map<std::string, std::string> expected;
  Texts env, keys;
  for (std::size_t i = 0; i < entries; ++i) {
    keys.push_back(!keys.empty() && make.one_in(4) ? keys[make.below(keys.size())] : make.key());
    const std::string value = make.text(most, true);
    expected[keys.back()] = value;
    env.push_back(make.field(keys.back(), make.json(value, escapes), make.one_in(2) ? 0 : escapes));
  }
  const std::string id = make.text(30, false);
  const bool merge = make.one_in(2);
  Texts fields = {make.field("op", "\"set_env\"", 0), make.field("id", make.json(id, escapes), 0),
                  make.field("env", make.object_in_order(env), 0)};
  if (merge || make.one_in(2)) fields.push_back(make.field("merge", merge ? "true" : "false", 1));
  add_noise(make, fields);
  std::string line = make.object(fields);

  const ParsedLine parsed = parse_request(line);
  ASSERT_TRUE(!parsed.failure) << parsed.failure.text.view();
  ASSERT_EQ(parsed.id, id);
  ASSERT_EQ(parsed.request.op, Op::SetEnv);
  ASSERT_EQ(parsed.request.env_mode, merge ? Mode::Merge : Mode::Replace);
  const Entries& lines = parsed.request.env;
  ASSERT_EQ(lines.size(), expected.size());
  for (std::size_t i = 0; const auto& [key, value] : expected) {
    const Entries::Entry entry = lines.all()[i++];
    ASSERT_EQ(lines.key(entry), key);
    ASSERT_EQ(lines.value(entry), value);
  }
}

TEST(ParseRandomRequest, SmallOnes) {
  Maker make(1);
  for (int i = 0; i < 3000 && !HasFatalFailure(); ++i) expect_env(make, make.below(6), 12, make.below(9));
}

TEST(ParseRandomRequest, ValuesLongerThanTheParsersOwnBuffer) {
  Maker make(2);
  for (int i = 0; i < 60 && !HasFatalFailure(); ++i) expect_env(make, 1 + make.below(3), 12'000, make.below(9));
}

TEST(ParseRandomRequest, ThousandsOfEntries) {
  Maker make(3);
  for (int i = 0; i < 4 && !HasFatalFailure(); ++i) expect_env(make, 6000, 4, 2);
}

// Every length of a fully escaped value around the size of the parser's own buffer.
TEST(ParseRandomRequest, EscapesAroundTheEndOfTheParsersOwnBuffer) {
  for (const char* unit : {"\\u0041", "\\u00e9", "\\u20ac", "\\ud83d\\ude00", "\\/"}) {
    std::string one = "{\"op\":\"ping\",\"id\":\"" + std::string(unit) + "\"}";
    const std::string character(parse_request(one).id);
    for (std::size_t lead = 0; lead < 4; ++lead) {
      for (std::size_t n = 4096 / character.size() - 3; n < 4096 / character.size() + 3; ++n) {
        std::string line = "{\"op\":\"ping\",\"id\":\"\\n" + std::string(lead, 'x'),
                    expected = "\n" + std::string(lead, 'x');
        for (std::size_t i = 0; i < n; ++i) {
          line += unit;
          expected += character;
        }
        line += "\"}";
        ASSERT_EQ(parse_request(line).id, expected) << unit << " " << lead << " " << n;
      }
    }
  }
}

TEST(ParseRandomRequest, Secrets) {
  static constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  Maker make(4);
  for (int i = 0; i < 300; ++i) {
    std::string encoded, expected;
    for (std::size_t n = make.below(make.one_in(10) ? 6000 : 40); n > 0; --n) {
      std::uint32_t group = 0;
      for (int k = 0; k < 4; ++k) {
        const std::size_t digit = make.below(64);
        encoded += kAlphabet[digit];
        group = group << 6 | static_cast<std::uint32_t>(digit);
      }
      for (const unsigned shift : {16U, 8U, 0U}) expected += static_cast<char>(group >> shift);
    }
    const std::string name = make.key();
    const std::size_t escapes = make.below(9);
    Texts fields = {make.field("op", "\"set_secret\"", 0), make.field("id", "\"\"", 0),
                    make.field("name", make.json(name, escapes), escapes),
                    make.field("value_b64", make.json(encoded, escapes), escapes)};
    add_noise(make, fields);
    std::string line = make.object(fields);
    const ParsedLine parsed = parse_request(line);
    ASSERT_TRUE(!parsed.failure) << parsed.failure.text.view();
    ASSERT_EQ(parsed.request.name, name);
    ASSERT_EQ(parsed.request.value, expected);
  }
}

}  // namespace
}  // namespace microvm::wire
