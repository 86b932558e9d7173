// The program from its command line to its exit code.
#pragma once

#include <span>

#include "standin/backend/backend.h"

namespace microvm::standin {

/// `arguments` without the name of the program.
int run(std::span<const char* const> arguments, Backend& backend);

}  // namespace microvm::standin
