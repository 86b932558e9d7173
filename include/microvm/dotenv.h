// Reads env entries from text as people keep it in files.
#pragma once

#include <string_view>

#include "microvm/metadata.h"

namespace microvm::metadata {

/// One `KEY=VALUE` a line, optionally behind `export `; blank lines and lines that begin with `#` are skipped. Blanks
/// around key and value do not count. A value in single or double quotes is what stands between them; nothing is
/// escaped, expanded or continued on the next line, and a `#` behind the first character of a line is no comment. Of
/// a repeated key the last line counts. Errors name the line, never what it holds.
Result<Env> parse_dotenv(std::string_view text);

}  // namespace microvm::metadata
