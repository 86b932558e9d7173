// Asks a program for a few lines.
#pragma once

#include <chrono>
#include <string>

#include "microvm/error.h"

namespace microvm::doctor {

/// What `path --version` writes to its standard output, at most 4 KiB, without environment or input. The program is
/// killed at the end of `timeout` (ReplyTimeout); one that fails is Rejected.
Result<std::string> ask_version(const std::string& path, std::chrono::milliseconds timeout);

}  // namespace microvm::doctor
