// Bodies as tables: how a struct, an enumeration or a text with a rule stands in JSON, for reading and for writing.
// A struct has a table of its members (`describe(const Body*)` beside it), an enumeration the names of its values.
#pragma once

#include <concepts>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "standin/json/reader.h"
#include "standin/json/text.h"

namespace microvm::standin::json {

enum class Presence : std::uint8_t {
  Required,
  Optional,  ///< may be left out, but not when the struct is written as a list
  Default,
  Hidden,  ///< as Default, and left out when written while it is null
};

struct Member {
  std::string_view name;
  Presence presence;
  bool (*read)(Reader&, void* object);
  void (*write)(std::string& out, const void* object);
};

struct Object {
  std::string_view name;
  std::span<const Member> members;
  bool takes_unknown = false;
};

struct Names {
  std::span<const std::string_view> names;  ///< in the order of the enumerators
};

/// A text that a rule must like; `check` may rewrite it, and returns what is wrong with it.
struct TextRule {
  std::string_view expected;
  std::optional<std::string> (*check)(std::string& text);
  bool placed_at_once = false;  ///< its refusal stands behind the text, not behind the value that holds it
};

template <const TextRule& rule>
struct Checked {
  std::string text;
  bool operator==(const Checked&) const = default;
};

bool read_object(Reader& in, const Object& object, void* into);
void write_object(std::string& out, const Object& object, const void* from);
bool read_name(Reader& in, const Names& names, std::size_t& index);
bool read_checked(Reader& in, const TextRule& rule, std::string& into);

template <class T>
concept Tabled = requires(const T* value) {
  { describe(value) } -> std::same_as<const Object&>;
};
template <class T>
concept Named = requires(const T* value) {
  { describe(value) } -> std::same_as<const Names&>;
};

inline bool read(Reader& in, bool& into) { return in.boolean("a boolean", into); }
inline bool read(Reader& in, std::string& into) { return in.string("a string", into); }
template <std::unsigned_integral T>
  requires(!std::same_as<T, bool>)
bool read(Reader& in, T& into) {
  constexpr std::string_view kName = sizeof(T) == 1 ? "u8" : sizeof(T) == 2 ? "u16" : sizeof(T) == 4 ? "u32" : "u64";
  std::uint64_t number = 0;
  if (!in.integer(kName, std::numeric_limits<T>::max(), number)) return false;
  into = static_cast<T>(number);
  return true;
}
template <const TextRule& rule>
bool read(Reader& in, Checked<rule>& into) {
  return read_checked(in, rule, into.text);
}
template <Tabled T>
bool read(Reader& in, T& into) {
  return read_object(in, describe(&into), &into);
}
template <Named T>
bool read(Reader& in, T& into) {
  std::size_t index = 0;
  if (!read_name(in, describe(&into), index)) return false;
  into = static_cast<T>(index);
  return true;
}
template <class T>
bool read(Reader& in, std::vector<T>& into) {
  into.clear();
  if (in.skip_space() == '[') return in.list([&] { return read(in, into.emplace_back()); });
  return in.unexpected("a sequence");
}
template <class T>
bool read(Reader& in, std::optional<T>& into) {
  if (in.skip_space() == 'n') return in.null();
  return read(in, into.emplace());
}

inline void write(std::string& out, bool value) { out += value ? "true" : "false"; }
inline void write(std::string& out, const std::string& value) { append_quoted(out, value); }
template <std::unsigned_integral T>
  requires(!std::same_as<T, bool>)
void write(std::string& out, T value) {
  out += std::to_string(value);
}
template <const TextRule& rule>
void write(std::string& out, const Checked<rule>& value) {
  append_quoted(out, value.text);
}
template <Tabled T>
void write(std::string& out, const T& value) {
  write_object(out, describe(&value), &value);
}
template <Named T>
void write(std::string& out, const T& value) {
  append_quoted(out, describe(&value).names[static_cast<std::size_t>(value)]);
}
template <class T>
void write(std::string& out, const std::vector<T>& values) {
  out += '[';
  for (bool first = true; const T& value : values) {
    if (!std::exchange(first, false)) out += ',';
    write(out, value);
  }
  out += ']';
}
template <class T>
void write(std::string& out, const std::optional<T>& value) {
  if (value) {
    write(out, *value);
  } else {
    out += "null";
  }
}

template <class T>
std::string to_json(const T& value) {
  std::string out;
  write(out, value);
  return out;
}

template <class T>
inline constexpr bool kIsOptional = false;
template <class T>
inline constexpr bool kIsOptional<std::optional<T>> = true;

template <auto member>
struct MemberOf;
template <class Class, class Type, Type Class::* member>
struct MemberOf<member> {
  static constexpr Presence kPresence = kIsOptional<Type> ? Presence::Optional : Presence::Required;
  static bool read_it(Reader& in, void* object) { return read(in, static_cast<Class*>(object)->*member); }
  static void write_it(std::string& out, const void* object) { write(out, static_cast<const Class*>(object)->*member); }
};

/// One row of a table: `member<&MachineConfig::smt>("smt", Presence::Default)`.
template <auto which>
constexpr Member member(std::string_view name, Presence presence = MemberOf<which>::kPresence) {
  return {name, presence, MemberOf<which>::read_it, MemberOf<which>::write_it};
}

}  // namespace microvm::standin::json
