// Reads JSON into values as serde_json does: what is accepted, and how a refusal is worded and placed (line and
// column), is its doing. A failure found inside a value has no place until the value that holds it is closed or given
// up.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

namespace microvm::standin::json {

struct Failure {
  std::string what;
  std::size_t line = 0;  ///< 0: no place
  std::size_t column = 0;

  [[nodiscard]] std::string text() const;   ///< "expected value at line 1 column 1"
  [[nodiscard]] std::string debug() const;  ///< `Error("expected value", line: 1, column: 1)`
};

class Reader {
 public:
  static constexpr int kEnd = -1;
  static constexpr int kMaxDepth = 127;
  using Number = std::variant<std::uint64_t, std::int64_t, double>;

  explicit Reader(std::string_view text) noexcept : text_(text) {}

  [[nodiscard]] const Failure& failure() const noexcept { return failure_; }
  [[nodiscard]] bool failed() const noexcept { return !failure_.what.empty(); }

  /// The next byte that is not a space; kEnd at the end.
  int skip_space() noexcept;
  /// Nothing but spaces is left.
  bool end();

  // Each takes one value; `expected` is how a refusal of another type names it.
  bool null();
  bool boolean(std::string_view expected, bool& into);
  bool string(std::string_view expected, std::string& into);
  bool integer(std::string_view expected, std::uint64_t most, std::uint64_t& into);
  template <class Take>
  bool any_number(Take take) {
    Number number;
    if (!is_number(skip_space())) return fail_next(at_end() ? kEndOfValue : kExpectedValue);
    if (!number_into(number)) return false;
    std::visit(take, number);
    return true;
  }
  bool skip_value();
  /// A value of another type than `expected`: always fails.
  bool unexpected(std::string_view expected);

  /// `element` takes one element.
  template <class Element>
  bool list(Element element) {
    return inside([&] {
      bool first = true;
      while (has_element(first))
        if (!element()) return false;
      return !failed();
    });
  }
  /// `entry` is given a name and takes the colon and the value behind it.
  template <class Entry>
  bool map(Entry entry) {
    std::string name;
    return inside([&] {
      bool first = true;
      while (has_name(first, name))
        if (!entry(name)) return false;
      return !failed();
    });
  }
  bool colon();
  /// For what list() and map() cannot say: true while there is one more; false at the end, or on a failure.
  bool has_element(bool& first);
  bool has_name(bool& first, std::string& name);
  /// Goes into the list or map that begins here, and closes it.
  template <class Body>
  bool inside(Body body) {
    const int open = skip_space();
    if (!enter()) return false;
    const bool taken = body();
    leave();
    const bool closed = open == '[' ? close_list() : close_map();
    return (taken && closed) || placed();
  }

  // All return false. The first failure stays.
  bool fail(std::string what);            ///< without a place yet
  bool fail_read(std::string_view what);  ///< at what was read last
  bool fail_next(std::string_view what);  ///< at the next byte
  bool placed() noexcept;                 ///< a failure without a place is here

 private:
  static constexpr std::string_view kEndOfValue = "EOF while parsing a value";
  static constexpr std::string_view kExpectedValue = "expected value";

  [[nodiscard]] bool at_end() const noexcept { return at_ >= text_.size(); }
  [[nodiscard]] int peek() const noexcept { return at_end() ? kEnd : static_cast<unsigned char>(text_[at_]); }
  static bool is_number(int byte) noexcept { return byte == '-' || (byte >= '0' && byte <= '9'); }
  void place(std::size_t index) noexcept;
  bool enter();
  void leave() noexcept { ++depth_left_; }
  bool close_list();
  bool close_map();
  bool word(std::string_view rest);
  bool string_body(std::string& into);
  bool escape(std::string& into);
  bool unicode_escape(std::string& into);
  bool hex4(unsigned& into);
  bool number_into(Number& into);
  bool number_tail(bool positive, std::uint64_t digits, Number& into);
  bool decimal(std::uint64_t digits, int exponent, double& into);
  bool exponent(std::uint64_t digits, int start, double& into);
  bool from_parts(std::uint64_t digits, int exponent, double& into);

  std::string_view text_;
  std::size_t at_ = 0;
  int depth_left_ = kMaxDepth;
  Failure failure_;
};

}  // namespace microvm::standin::json
