// How a command ends: what it has to say for people, or JSON for programs, and the exit code.
#pragma once

#include <string>

#include "cli/command.h"
#include "microvm/error.h"
#include "microvm/runtime_types.h"

namespace microvm::cli {

int exit_code(ErrorCode code) noexcept;
/// Of `run` and `wait`: how the VM has ended.
int exit_code(ExitReason reason) noexcept;

/// One line on standard error, `microvm: <line>`, printable.
void tell(const std::string& line);
void tell(const Error& error);
/// A line, or several, on standard output; false when it takes no more.
bool print_line(const std::string& line);
/// `"code":"busy","errno":0,"message":"…"`, and what else the error has.
std::string error_members(const Error& error);

/// Tells of the end of `command`; answers the exit code. A failure is one line on stderr in either form.
int report(const std::string& command, const Context& context, const Result<Answer>& result);

}  // namespace microvm::cli
