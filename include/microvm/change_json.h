// Reads a transaction from a JSON document.
#pragma once

#include <string_view>

#include "microvm/error.h"
#include "microvm/metadata_types.h"

namespace microvm::metadata {

/// An object with the fields of an `apply` request: `env`, `env_mode`, `secrets` (name to base64), `secrets_mode`,
/// `delete_secrets`, `if_match`, `epoch`, all optional. It is read by the daemon's rules, and strictly: another field,
/// or one that is repeated, is an error. Of a key or name repeated inside `env` or `secrets` the last one counts.
/// Errors name fields, keys, names and positions, never a value.
Result<Change> parse_change_json(std::string_view text);

}  // namespace microvm::metadata
