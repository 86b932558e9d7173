// Starts a program that is nobody's child: no SIGCHLD, no zombie and nothing to reap for the process it is started
// from.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "microvm/error.h"

namespace microvm::vm {

/// The program gets `environment` and nothing else, standard input, output and error on /dev/null, `fd` as descriptor
/// 3, and all signals blocked; other descriptors are closed on exec by their owners. Safe from any thread.
Result<void> start_detached(const std::string& program, const std::vector<std::string>& arguments,
                            const std::vector<std::string>& environment, int fd);

}  // namespace microvm::vm
