// How a command ends: one line for people, or one JSON object for programs, and the exit code.
#pragma once

#include <string>

#include "cli/command.h"
#include "microvm/error.h"

namespace microvm::cli {

/// Tells of the end of `command`; answers the exit code. A failure is one line on stderr in either form.
int report(const std::string& command, const Context& context, bool json, const Result<Answer>& result);

}  // namespace microvm::cli
