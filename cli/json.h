// JSON text out.
#pragma once

#include <string>
#include <string_view>

namespace microvm::cli {

/// `text` (UTF-8) as a JSON string with its quotes.
std::string json_string(std::string_view text);

}  // namespace microvm::cli
