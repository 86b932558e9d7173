// JSON for QEMU: its command line and its monitor take and give the same objects.
#pragma once

#include <concepts>
#include <string>
#include <string_view>
#include <utility>

#include "standin/json/value.h"

namespace microvm::standin::qemu {

inline json::Value value(bool is) { return {is}; }
inline json::Value value(std::string text) { return {std::move(text)}; }
inline json::Value value(const char* text) { return {std::string(text)}; }
inline json::Value value(json::Map map) { return {std::move(map)}; }
inline json::Value value(json::List list) { return {std::move(list)}; }
template <std::unsigned_integral T>
  requires(!std::same_as<T, bool>)
json::Value value(T number) {
  return {std::uint64_t{number}};
}

/// The member of an object; null where there is none.
inline const json::Value& member(const json::Value& object, std::string_view name) {
  static const json::Value kNull;
  const auto* map = std::get_if<json::Map>(&object.data);
  if (map == nullptr) return kNull;
  const auto found = map->find(name);
  return found == map->end() ? kNull : found->second;
}

inline std::string_view text_of(const json::Value& value) {
  const auto* text = std::get_if<std::string>(&value.data);
  return text == nullptr ? std::string_view() : *text;
}

inline std::uint64_t number_of(const json::Value& value) {
  const auto* number = std::get_if<std::uint64_t>(&value.data);
  return number == nullptr ? 0 : *number;
}

}  // namespace microvm::standin::qemu
