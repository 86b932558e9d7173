// Requests as the daemon reads them.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "common/base/fixed_text.h"
#include "common/wire/env_lines.h"

namespace microvm::wire {

enum class Op : std::uint8_t { Ping, SetEnv, SetSecret };

/// Views point into the line that was parsed.
struct Request {
  Op op = Op::Ping;
  bool merge = false;      ///< set_env
  EnvLines env;            ///< set_env: settled, every key and value within the rules
  std::string_view name;   ///< set_secret: within the rule
  std::string_view value;  ///< set_secret: decoded
};

/// One line, read. `id` is the last string `id` at the top level, also of a line that is refused or broke off later.
struct ParsedLine {
  std::string_view id;
  bool good = false;
  Request request;  ///< when good
  FixedText error;  ///< else: the reply's error; holds names, sizes and positions, never a value
};

/// Reads one line (without its newline) in place: strings are unescaped and base64 is decoded where they stand, so
/// nothing is allocated but an index of env entries, and wiping the line wipes every value.
ParsedLine parse_request(std::span<char> line) noexcept;

}  // namespace microvm::wire
