// Bodies as tables: what a struct's members are called on the wire, the rule each obeys and the first version that
// knows it. One table per struct is written from, checked and gated by, and read into.
#pragma once

#include <concepts>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "common/wire/json_tree.h"
#include "microvm/error.h"
#include "microvm/fcapi_types.h"

namespace microvm::fcapi {

/// The first version that knows something, and the one in an older line that got it too.
struct Since {
  Version first{};
  std::optional<Version> backport{};

  [[nodiscard]] bool is_in(Version version) const noexcept;
  [[nodiscard]] std::string text() const;  ///< "1.15.1 or 1.14.4"
};

/// Where in a body one is: "drives[0].drive_id".
class Path {
 public:
  void enter(std::string_view name) { steps_.push_back({name, std::nullopt}); }
  void enter(std::size_t item) { steps_.push_back({{}, item}); }
  void leave() { steps_.pop_back(); }
  [[nodiscard]] std::string text() const;

 private:
  struct Step {
    std::string_view name;
    std::optional<std::size_t> item;  ///< of a list
  };
  std::vector<Step> steps_;
};

std::string version_text(Version version);  ///< without ".0" at its end: "1.16"

/// Writes one body for one version. What breaks a rule or a gate is remembered, the first of it.
class Writer {
 public:
  explicit Writer(Version version) noexcept : version_(version) {}

  void raw(std::string_view text) { out_ += text; }
  void text(std::string_view text);
  void json(const Json& value);
  /// Writes `name`, then goes on inside of it until `leave`.
  void enter(std::string_view name, const Since& since);
  void enter(std::size_t item) { path_.enter(item); }
  void leave() { path_.leave(); }
  void gate(std::string_view what, const Since& since);
  /// Nothing when `rule` is empty.
  void check(const std::string& rule);

  Result<std::string> finish();
  /// What was written, whatever it breaks.
  std::string take() { return std::move(out_); }

 private:
  void fail(ErrorCode code, std::string what);

  Version version_;
  std::string out_;
  Path path_;
  std::optional<Error> error_;
};

/// Reads one reply; names in it that no table has are skipped, as a later version may have them. A strict one reads
/// what a person wrote: such a name, one that is there twice and a value that breaks its rule are faults as well.
class Reader {
 public:
  explicit Reader(bool is_strict = false) noexcept : is_strict_(is_strict) {}

  [[nodiscard]] bool is_strict() const noexcept { return is_strict_; }
  /// Goes on in a member, or an item of a list, until `leave`.
  void enter(std::string_view name, const wire::Json& value);
  void enter(std::size_t item, const wire::Json& value);
  void leave();
  bool fail(std::string_view expected);
  /// A fault unless `rule`, which says what a value breaks, is empty.
  bool check(const std::string& rule);
  /// "drives[0].drive_id is not a text".
  [[nodiscard]] const std::string& fault() const noexcept { return fault_; }
  [[nodiscard]] std::size_t fault_index() const noexcept { return fault_index_; }  ///< of the value in its text

 private:
  bool refuse(std::string_view what);

  bool is_strict_;
  Path path_;
  std::vector<std::size_t> indices_;  // of the values on the path
  std::string fault_;
  std::size_t fault_index_ = 0;
};

struct Field {
  std::string_view name;
  Since since;
  bool is_required;
  bool (*is_absent)(const void* body);
  void (*write)(Writer& out, const void* body);
  bool (*read)(Reader& in, const wire::Json& value, void* body);
};
struct Table {
  std::span<const Field> fields;
  std::string (*rule)(const void* body) = nullptr;  ///< of several members at once
  bool is_rule_of_requests = false;                 ///< the rule does not hold in a file
};
struct Name {
  std::string_view text;
  Since since{};
};
using Names = std::span<const Name>;  ///< in the order of the enumerators

void write_table(Writer& out, const Table& table, const void* body);
/// Without braces: `before` is what goes before the first of them. What goes before the next one.
std::string_view write_members(Writer& out, const Table& table, const void* body, std::string_view before);
bool read_table(Reader& in, const Table& table, const wire::Json& value, void* body);
/// Without a look at the members that are not in the table.
bool read_members(Reader& in, const Table& table, const wire::Json& object, void* body);
void write_name(Writer& out, Names names, std::size_t index);
bool read_name(Reader& in, Names names, const wire::Json& value, std::size_t& index);

template <class T>
concept Tabled = requires(const T* value) {
  { describe(value) } -> std::same_as<Table>;
};
template <class T>
concept Named = requires(const T* value) {
  { describe(value) } -> std::same_as<Names>;
};
template <class T>
concept Number = std::unsigned_integral<T> && !std::same_as<T, bool>;

inline void write(Writer& out, bool value) { out.raw(value ? "true" : "false"); }
inline void write(Writer& out, const std::string& value) { out.text(value); }
inline void write(Writer& out, const Json& value) { out.json(value); }
void write(Writer& out, const std::map<std::string, std::string>& values);
void write(Writer& out, Number auto value) { out.raw(std::to_string(value)); }
void write(Writer& out, const Tabled auto& value) { write_table(out, describe(&value), &value); }
void write(Writer& out, Named auto value) { write_name(out, describe(&value), static_cast<std::size_t>(value)); }
template <class T>
void write(Writer& out, const std::vector<T>& values) {
  std::string_view before = "[";
  for (std::size_t i = 0; i < values.size(); ++i) {
    out.raw(before);
    out.enter(i);
    write(out, values[i]);
    out.leave();
    before = ",";
  }
  out.raw(values.empty() ? "[]" : "]");
}

bool read(Reader& in, const wire::Json& value, bool& into);
bool read(Reader& in, const wire::Json& value, std::string& into);
bool read(Reader& in, const wire::Json& value, std::map<std::string, std::string>& into);
bool read_number(Reader& in, const wire::Json& value, std::uint64_t most, std::uint64_t& into);
template <Number T>
bool read(Reader& in, const wire::Json& value, T& into) {
  std::uint64_t number = 0;
  if (!read_number(in, value, std::numeric_limits<T>::max(), number)) return false;
  into = static_cast<T>(number);
  return true;
}
bool read(Reader& in, const wire::Json& value, Tabled auto& into) {
  return read_table(in, describe(&into), value, &into);
}
template <Named T>
bool read(Reader& in, const wire::Json& value, T& into) {
  std::size_t index = 0;
  if (!read_name(in, describe(&into), value, index)) return false;
  into = static_cast<T>(index);
  return true;
}
template <class T>
bool read(Reader& in, const wire::Json& value, std::vector<T>& into) {
  const auto* const items = value.as<wire::Json::Array>();
  if (items == nullptr) return in.fail("a list");
  for (const wire::Json& item : *items) {
    in.enter(into.size(), item);
    if (!read(in, item, into.emplace_back())) return false;
    in.leave();
  }
  return true;
}

template <class T>
concept Optional = std::same_as<T, std::optional<typename T::value_type>>;
template <class T>
concept Container =
    requires(const T& value) { value.begin()->first; } || std::same_as<T, std::vector<typename T::value_type>>;

template <auto which, auto rule>
struct Access;
template <class Body, class Type, Type Body::* member, auto rule>
struct Access<member, rule> {
  static const Type& in(const void* body) { return static_cast<const Body*>(body)->*member; }
  static bool is_absent(const void* body) {
    if constexpr (Optional<Type>) {
      return !in(body).has_value();
    } else if constexpr (Container<Type>) {
      return in(body).empty();
    } else {
      return false;
    }
  }
  static void write_it(Writer& out, const void* body) {
    if constexpr (Optional<Type>) {
      write_checked(out, *in(body));
    } else {
      write_checked(out, in(body));
    }
  }
  static void write_checked(Writer& out, const auto& value) {
    if constexpr (!std::same_as<decltype(rule), std::nullptr_t>) out.check(rule(value));
    write(out, value);
  }
  static bool read_it(Reader& from, const wire::Json& value, void* body) {
    Type& into = static_cast<Body*>(body)->*member;
    if constexpr (Optional<Type>) {
      return read_checked(from, value, into.emplace());
    } else {
      return read_checked(from, value, into);
    }
  }
  static bool read_checked(Reader& from, const wire::Json& value, auto& into) {
    if (!read(from, value, into)) return false;
    if constexpr (!std::same_as<decltype(rule), std::nullptr_t>) return !from.is_strict() || from.check(rule(into));
    return true;
  }
  static constexpr bool kIsRequired = !Optional<Type> && !Container<Type>;
};

/// One row of a table: `field<&NetworkInterface::mtu, within<68, 65535>>("mtu", {{1, 16}})`.
template <auto which, auto rule = nullptr>
constexpr Field field(std::string_view name, Since since = {}) {
  using Member = Access<which, rule>;
  return {name, since, Member::kIsRequired, Member::is_absent, Member::write_it, Member::read_it};
}

/// One that need not be there, though its type has no place for that: what is left out stays as it was.
template <auto which, auto rule = nullptr>
constexpr Field preset(std::string_view name) {
  Field row = field<which, rule>(name);
  row.is_required = false;
  return row;
}

/// A text that is left out where it is empty.
template <auto which, auto rule>
constexpr Field optional_text(std::string_view name) {
  Field row = preset<which, rule>(name);
  row.is_absent = [](const void* body) { return Access<which, rule>::in(body).empty(); };
  return row;
}

/// One that is there even when it is empty.
template <auto which, auto rule = nullptr>
constexpr Field always(std::string_view name) {
  Field row = field<which, rule>(name);
  row.is_required = true;
  row.is_absent = [](const void*) { return false; };
  return row;
}

}  // namespace microvm::fcapi
