// The strict reading of JSON that both sides share: RFC 8259 in UTF-8, nothing behind the value, 127 levels, and no
// number that a double cannot hold. Boost.JSON's basic_parser does the work; a handler takes its events.
#pragma once

#include <boost/json/basic_parser_impl.hpp>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "common/wire/limits.h"

namespace microvm::wire {

/// What every handler does alike. A handler derives from it and shadows the events it wants; an event answers false
/// only after setting `ec`.
struct JsonEvents {
  using Ec = boost::json::error_code;
  using Sv = boost::json::string_view;
  static constexpr std::size_t max_object_size = SIZE_MAX;
  static constexpr std::size_t max_array_size = SIZE_MAX;
  static constexpr std::size_t max_key_size = SIZE_MAX;
  static constexpr std::size_t max_string_size = SIZE_MAX;

  bool on_document_begin(Ec&) { return true; }
  bool on_document_end(Ec&) { return true; }
  bool on_number_part(Sv, Ec&) { return true; }
  bool on_comment_part(Sv, Ec&) { return true; }
  bool on_comment(Sv, Ec&) { return true; }
};

/// An infinite result is a number out of range. NaN is not: Boost computes it for 0e400, which is zero.
inline bool json_number_fits(double d, JsonEvents::Ec& ec) {
  if (!std::isinf(d)) return true;
  ec = boost::json::error::exponent_overflow;
  return false;
}

/// Cuts exponents of more than eight digits to 99999999, in place: the value stays what it is (no mantissa that fits
/// a line is long enough to matter), and Boost, which refuses 1e-99999999999 and 0e99999999999, can read it.
void clamp_exponents(std::span<char> text) noexcept;

/// Why and where reading stopped short of one whole JSON value.
struct JsonFault {
  const char* what = nullptr;  ///< null: there is no fault
  std::size_t position = 0;
  explicit operator bool() const noexcept { return what != nullptr; }
};

inline std::size_t skip_json_blanks(std::string_view text, std::size_t at) noexcept {
  const std::size_t next = text.find_first_not_of(" \t\r\n", at);
  return next == text.npos ? text.size() : next;
}

/// Runs `parser` over the whole of `text`.
template <class Handler>
JsonFault read_json(boost::json::basic_parser<Handler>& parser, std::string_view text) {
  JsonEvents::Ec ec;
  const std::size_t used = parser.write_some(false, text.data(), text.size(), ec);
  if (ec == boost::json::error::too_deep) return {"nested deeper than 127 levels", used};
  if (ec == boost::json::error::exponent_overflow) return {"number out of range", used};
  if (ec) return {"syntax error", used};
  const std::size_t rest = skip_json_blanks(text, used);
  return {rest == text.size() ? nullptr : "more behind the value", rest};
}

static_assert(kMaxJsonDepth == 127);
inline boost::json::parse_options strict_json() {
  boost::json::parse_options options;
  options.max_depth = kMaxJsonDepth;
  return options;
}

}  // namespace microvm::wire
