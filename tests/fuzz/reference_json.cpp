// Recursive descent, one function for each rule of the grammar.
#include "tests/fuzz/reference_json.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>

#include "common/wire/limits.h"

namespace microvm::fuzz {
namespace {

class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  std::optional<Json> document() {
    Json json;
    if (!value(json, 0)) return std::nullopt;
    blanks();
    return rest_.empty() ? std::optional(std::move(json)) : std::nullopt;
  }

 private:
  bool take(std::string_view wanted) {
    if (!rest_.starts_with(wanted)) return false;
    rest_.remove_prefix(wanted.size());
    return true;
  }
  void blanks() { rest_.remove_prefix(std::min(rest_.find_first_not_of(" \t\r\n"), rest_.size())); }
  std::string_view take_run(std::string_view of) {
    const std::string_view run = rest_.substr(0, rest_.find_first_not_of(of));
    rest_.remove_prefix(run.size());
    return run;
  }

  bool value(Json& json, std::size_t depth) {
    blanks();
    if (take("null")) return true;
    if (take("true")) return json.kind = Json::Kind::True, true;
    if (take("false")) return json.kind = Json::Kind::False, true;
    if (take("\"")) return json.kind = Json::Kind::String, string(json.text);
    if (take("[")) return json.kind = Json::Kind::Array, array(json, depth + 1);
    if (take("{")) return json.kind = Json::Kind::Object, object(json, depth + 1);
    return json.kind = Json::Kind::Number, number(json.number);
  }

  bool array(Json& json, std::size_t depth) {
    if (depth > wire::kMaxJsonDepth) return false;
    blanks();
    if (take("]")) return true;
    do {
      if (!value(json.items.emplace_back(), depth)) return false;
      blanks();
    } while (take(","));
    return take("]");
  }

  bool object(Json& json, std::size_t depth) {
    if (depth > wire::kMaxJsonDepth) return false;
    blanks();
    if (take("}")) return true;
    do {
      blanks();
      if (!take("\"") || !string(json.keys.emplace_back())) return false;
      blanks();
      if (!take(":") || !value(json.items.emplace_back(), depth)) return false;
      blanks();
    } while (take(","));
    return take("}");
  }

  bool number(double& number) {
    constexpr std::string_view kDigits = "0123456789";
    const char* const begin = rest_.data();
    take("-");
    const std::string_view whole = take_run(kDigits);
    if (whole.empty() || (whole.size() > 1 && whole.front() == '0')) return false;
    if (take(".") && take_run(kDigits).empty()) return false;
    if (take("e") || take("E")) {
      if (!take("+")) take("-");
      if (take_run(kDigits).empty()) return false;
    }
    number = std::strtod(std::string(begin, rest_.data()).c_str(), nullptr);
    return true;
  }

  bool string(std::string& text) {
    while (!rest_.empty()) {
      if (take("\"")) return true;
      if (take("\\") ? !escape(text) : !character(text)) return false;
    }
    return false;
  }

  bool escape(std::string& text) {
    constexpr std::string_view kLetters = "\"\\/bfnrt", kMeanings = "\"\\/\b\f\n\r\t";
    if (take("u")) return unicode(text);
    const std::size_t at = rest_.empty() ? kLetters.npos : kLetters.find(rest_.front());
    if (at == kLetters.npos) return false;
    rest_.remove_prefix(1);
    text += kMeanings[at];
    return true;
  }

  bool unicode(std::string& text) {
    std::uint32_t point = 0, low = 0;
    if (!unit(point) || (point >= 0xDC00 && point < 0xE000)) return false;
    if (point >= 0xD800 && point < 0xDC00) {
      if (!take("\\u") || !unit(low) || low < 0xDC00 || low > 0xDFFF) return false;
      point = 0x10000 + ((point - 0xD800) << 10) + (low - 0xDC00);
    }
    append(text, point);
    return true;
  }
  bool unit(std::uint32_t& value) {
    const std::string digits(rest_.substr(0, 4));
    if (digits.size() != 4 || digits.find_first_not_of("0123456789abcdefABCDEF") != digits.npos) return false;
    rest_.remove_prefix(4);
    value = static_cast<std::uint32_t>(std::strtoul(digits.c_str(), nullptr, 16));
    return true;
  }
  static void append(std::string& text, std::uint32_t point) {
    const auto add = [&](std::uint32_t byte) { text += static_cast<char>(byte); };
    if (point < 0x80) return add(point);
    if (point < 0x800) {
      add(0xC0 | point >> 6);
    } else {
      if (point < 0x10000) {
        add(0xE0 | point >> 12);
      } else {
        add(0xF0 | point >> 18);
        add(0x80 | (point >> 12 & 63));
      }
      add(0x80 | (point >> 6 & 63));
    }
    add(0x80 | (point & 63));
  }

  // One character as it stands, in UTF-8 of the shortest form.
  bool character(std::string& text) {
    const auto lead = static_cast<unsigned char>(rest_.front());
    const std::size_t size = lead < 0x80   ? 1
                             : lead < 0xC0 ? 0
                             : lead < 0xE0 ? 2
                             : lead < 0xF0 ? 3
                             : lead < 0xF8 ? 4
                                           : 0;
    if (lead < 0x20 || size == 0 || rest_.size() < size) return false;
    std::uint32_t point = size == 1 ? lead : lead & (0x7FU >> size);
    for (const char c : rest_.substr(1, size - 1)) {
      const auto byte = static_cast<unsigned char>(c);
      if ((byte & 0xC0) != 0x80) return false;
      point = point << 6 | (byte & 0x3FU);
    }
    constexpr std::uint32_t kLeast[] = {0, 0, 0x80, 0x800, 0x10000};
    if (point < kLeast[size] || point > 0x10FFFF || (point >= 0xD800 && point < 0xE000)) return false;
    text += rest_.substr(0, size);
    rest_.remove_prefix(size);
    return true;
  }

  std::string_view rest_;
};

}  // namespace

std::optional<Json> read_reference_json(std::string_view text) { return Reader(text).document(); }

double largest_number(const Json& json) {
  double largest = std::abs(json.number);
  for (const Json& item : json.items) largest = std::max(largest, largest_number(item));
  return largest;
}

}  // namespace microvm::fuzz
