#include "standin/json/value.h"

#include <utility>

#include "standin/json/text.h"

namespace microvm::standin::json {
namespace {

bool read_list(Reader& in, List& list) {
  return in.list([&] { return read(in, list.emplace_back()); });
}

bool read_map(Reader& in, Map& map) {
  return in.map([&](const std::string& key) {
    Value value;
    if (!in.colon() || !read(in, value)) return false;
    map.insert_or_assign(key, std::move(value));
    return true;
  });
}

struct Writer {
  std::string& out;

  void operator()(std::nullptr_t) const { out += "null"; }
  void operator()(bool value) const { out += value ? "true" : "false"; }
  void operator()(std::uint64_t value) const { out += std::to_string(value); }
  void operator()(std::int64_t value) const { out += std::to_string(value); }
  void operator()(double value) const { out += number_text(value); }
  void operator()(const std::string& value) const { append_quoted(out, value); }
  void operator()(const List& list) const {
    char before = '[';
    for (const Value& value : list) {
      out += std::exchange(before, ',');
      write(out, value);
    }
    out += list.empty() ? "[]" : "]";
  }
  void operator()(const Map& map) const {
    char before = '{';
    for (const auto& [key, value] : map) {
      out += std::exchange(before, ',');
      append_quoted(out, key);
      out += ':';
      write(out, value);
    }
    out += map.empty() ? "{}" : "}";
  }
};

}  // namespace

bool read(Reader& in, Value& into) {
  switch (in.skip_space()) {
    case '"':
      return in.string("", into.data.emplace<std::string>());
    case '[':
      return read_list(in, into.data.emplace<List>());
    case '{':
      return read_map(in, into.data.emplace<Map>());
    case 't':
    case 'f':
      return in.boolean("", into.data.emplace<bool>());
    case 'n':
      return in.null();
    default:
      return in.any_number([&](auto number) { into.data = number; });
  }
}

void write(std::string& out, const Value& value) { std::visit(Writer{out}, value.data); }

void merge_patch(Value& target, const Value& patch) {
  const auto* changes = std::get_if<Map>(&patch.data);
  if (changes == nullptr) {
    target = patch;
    return;
  }
  if (!std::holds_alternative<Map>(target.data)) target.data = Map{};
  auto& map = std::get<Map>(target.data);
  for (const auto& [key, change] : *changes) {
    if (change.is_null()) {
      map.erase(key);
    } else {
      merge_patch(map[key], change);
    }
  }
}

}  // namespace microvm::standin::json
