// Any JSON, as the metadata store keeps it: objects are sorted by name, of two equal names the last one counts.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "standin/json/reader.h"

namespace microvm::standin::json {

struct Value;
using List = std::vector<Value>;
using Map = std::map<std::string, Value, std::less<>>;

struct Value {
  std::variant<std::nullptr_t, bool, std::uint64_t, std::int64_t, double, std::string, List, Map> data = nullptr;

  [[nodiscard]] bool is_null() const noexcept { return std::holds_alternative<std::nullptr_t>(data); }
};

bool read(Reader& in, Value& into);
void write(std::string& out, const Value& value);
inline std::string to_text(const Value& value) {
  std::string out;
  write(out, value);
  return out;
}

/// RFC 7396, JSON Merge Patch.
void merge_patch(Value& target, const Value& patch);

}  // namespace microvm::standin::json
