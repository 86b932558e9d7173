// Requests as the daemon reads them.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "common/wire/entries.h"
#include "common/wire/failure.h"

namespace microvm::wire {

enum class Op : std::uint8_t { Ping, SetEnv, SetSecret, Apply, DeleteSecret, Stat, Wipe, Info };

enum class Mode : std::uint8_t {
  Replace,  ///< the result is what is given
  Merge,    ///< what is given is laid over what is there
};

/// Everything is within the rules. Views point into the line that was parsed.
struct Request {
  Op op = Op::Ping;
  std::optional<std::string_view> if_match;
  std::optional<std::string_view> epoch;
  bool has_env = false;
  Mode env_mode = Mode::Replace;
  Entries env;  ///< settled
  Mode secrets_mode = Mode::Merge;
  bool has_secrets = false;
  Entries secrets;         ///< settled, values decoded
  Entries deleted;         ///< settled, keys only, none of them in `secrets`
  std::string_view name;   ///< of set_secret and delete_secret
  std::string_view value;  ///< decoded
};

/// One line, read. `id` is the last string `id` at the top level, also of a line that is refused or broke off later.
struct ParsedLine {
  std::string_view id;
  /// The reply carries the fields of protocol 2: its op asks for them, or its `if_match` does.
  bool extended = false;
  Request request;  ///< when there is no failure
  Failure failure;
};

/// Reads one line (without its newline) in place: strings are unescaped and base64 is decoded where they stand, so
/// nothing is allocated but an index of entries, and wiping the line wipes every value.
ParsedLine parse_request(std::span<char> line) noexcept;

}  // namespace microvm::wire
