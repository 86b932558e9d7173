// Values as text: in JSON, and as the debug form of the language that Firecracker is written in (logs, stderr).
#pragma once

#include <string>
#include <string_view>

namespace microvm::standin::json {

/// In double quotes, with what JSON must escape.
void append_quoted(std::string& out, std::string_view text);

/// The same for a log line: `\n`, `\u{1b}`.
std::string debug_quoted(std::string_view text);

/// The shortest digits that give the same number: 1.5, 100.0, 1e+22.
std::string number_text(double number);

}  // namespace microvm::standin::json
