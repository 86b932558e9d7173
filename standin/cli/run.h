// The program from its command line to its exit code.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "standin/backend/backend.h"

namespace microvm::standin {

/// Given the value of --qemu, if it was given.
using MakeBackend = std::function<std::unique_ptr<Backend>(const std::optional<std::string>& qemu)>;

/// `arguments` without the name of the program.
int run(std::span<const char* const> arguments, const MakeBackend& make_backend);

}  // namespace microvm::standin
