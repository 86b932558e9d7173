// A JSON text as a tree of values: for what is read at leisure, on the host.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace microvm::wire {

struct Json {
  struct Member;
  using Array = std::vector<Json>;
  using Object = std::vector<Member>;  ///< as it stands, repeated names too

  /// Null; a number is unsigned where it can be.
  std::variant<std::monostate, bool, std::uint64_t, double, std::string, Array, Object> value;
  std::size_t index = 0;  ///< of the value in its text, counted from the outermost one: for `json_offset`

  /// Null where the value is of another type.
  template <class T>
  [[nodiscard]] const T* as() const noexcept {
    return std::get_if<T>(&value);
  }
  [[nodiscard]] bool is_null() const noexcept { return std::holds_alternative<std::monostate>(value); }
  /// The last member of that name; null where there is none, or this is no object.
  [[nodiscard]] const Json* find(std::string_view name) const noexcept;
};

struct Json::Member {
  std::string name;
  Json value;
};

struct JsonError {
  std::string text;  ///< with the position
  std::size_t position = 0;
};

/// The one value that `text` holds, of at most kMaxReplyValues values in all; or why there is none, and where.
std::expected<Json, JsonError> read_json_tree(std::string_view text);

/// Where the value of that index begins in a text that `read_json_tree` has read; a member begins with its name.
std::size_t json_offset(std::string_view text, std::size_t index) noexcept;

}  // namespace microvm::wire
