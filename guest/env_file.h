// The text of the env file: sorted `KEY=VALUE` lines, none for an empty value.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "common/base/bytes.h"
#include "common/wire/env_lines.h"

namespace microvm::guest {

/// Both append; false when there is no memory. Entries must be settled.
[[nodiscard]] bool append_env_file(Bytes& out, const wire::EnvLines& env) noexcept;
/// `over` is laid over `present`: its values win, and an empty one deletes its key.
[[nodiscard]] bool append_merged_env_file(Bytes& out, const wire::EnvLines& present,
                                          const wire::EnvLines& over) noexcept;

/// Reads such a text into settled entries that point into it. Answers 0, or the number of the first line that is not
/// KEY=VALUE, counted from 1; nothing when there is no memory.
std::optional<std::size_t> read_env_file(std::string_view text, wire::EnvLines& into) noexcept;

}  // namespace microvm::guest
