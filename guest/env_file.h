// The text of the env file: sorted `KEY=VALUE` lines, none for an empty value.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "common/base/bytes.h"
#include "common/wire/entries.h"

namespace microvm::guest {

/// Both append; false when there is no memory. Entries must be settled.
[[nodiscard]] bool append_env_file(Bytes& out, const wire::Entries& env) noexcept;
/// `over` is laid over `present`: its values win, and an empty one deletes its key.
[[nodiscard]] bool append_merged_env_file(Bytes& out, const wire::Entries& present, const wire::Entries& over) noexcept;

/// Reads such a text into settled entries that point into it. Answers 0, or the number of the first line that is not
/// KEY=VALUE, counted from 1; nothing when there is no memory.
std::optional<std::size_t> read_env_file(Bytes& text, wire::Entries& into) noexcept;

}  // namespace microvm::guest
