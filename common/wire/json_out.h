// JSON text out: the few pieces the protocol needs.
#pragma once

#include <string_view>

#include "common/base/bytes.h"

namespace microvm::wire {

/// Appends `text` (UTF-8) as a JSON string with its quotes and the shortest escapes; false when there is no memory.
[[nodiscard]] bool append_json_string(Bytes& out, std::string_view text) noexcept;

}  // namespace microvm::wire
