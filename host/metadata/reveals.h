// Whether a text from outside gives away a secret.
#pragma once

#include <string_view>

namespace microvm::metadata {

/// True when `text` holds eight bytes of `secret` in a row. A secret shorter than that could not be told from chance.
bool reveals(std::string_view text, std::string_view secret);

}  // namespace microvm::metadata
