// A second reader of JSON, as plain as RFC 8259 allows: what the fuzz targets compare with.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace microvm::fuzz {

struct Json {
  enum class Kind { Null, False, True, Number, String, Array, Object };

  Kind kind = Kind::Null;
  double number = 0;
  std::string text;
  std::vector<Json> items;        // of an array or an object, in order
  std::vector<std::string> keys;  // of an object: one for each item, repeated ones as well

  [[nodiscard]] bool is(Kind wanted) const { return kind == wanted; }
  /// The last member of that name which `accepts` takes.
  template <class Accepts>
  const Json* last(std::string_view name, Accepts accepts) const {
    const Json* found = nullptr;
    for (std::size_t i = 0; i < keys.size(); ++i) {
      if (keys[i] == name && accepts(items[i])) found = &items[i];
    }
    return found;
  }
  bool operator==(const Json&) const = default;
};

/// The one value that `text` holds, in UTF-8 and not deeper than the protocol's limit; numbers may be infinite.
std::optional<Json> read_reference_json(std::string_view text);

/// The largest absolute value of any number inside.
double largest_number(const Json& json);

}  // namespace microvm::fuzz
