// JSON text out.
#pragma once

#include <concepts>
#include <string>
#include <string_view>

namespace microvm::cli {

/// `text` (UTF-8) as a JSON string with its quotes.
std::string json_string(std::string_view text);

/// `items` as a JSON array or object, each as `write` has it.
template <class Items, class Write>
std::string json_joined(std::string_view open, const Items& items, Write write, std::string_view close) {
  std::string out(open);
  for (const auto& item : items) out += (out.size() == open.size() ? "" : ",") + write(item);
  return out + std::string(close);
}

/// An object, member by member.
class JsonObject {
 public:
  JsonObject& add(std::string_view name, std::string_view text) { return raw(name, json_string(text)); }
  JsonObject& add(std::string_view name, const char* text) { return add(name, std::string_view(text)); }
  template <std::integral T>
  JsonObject& add(std::string_view name, T number) {
    if constexpr (std::same_as<T, bool>) return raw(name, number ? "true" : "false");
    return raw(name, std::to_string(number));
  }
  /// `json` as it is.
  JsonObject& raw(std::string_view name, std::string_view json);

  [[nodiscard]] std::string text() const { return "{" + members_ + "}"; }
  /// Each member behind a comma.
  [[nodiscard]] std::string members() const { return members_.empty() ? "" : "," + members_; }

 private:
  std::string members_;
};

}  // namespace microvm::cli
