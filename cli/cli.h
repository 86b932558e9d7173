// The `microvm` command line.
#pragma once

#include <string>

namespace microvm::cli {

/// Runs the command that `argv` names; answers the exit code: 0 done, 1 the guest refused, 2 usage or a local failure,
/// 3 not reached in time, 4 protocol error.
int run(int argc, const char* const* argv, const std::string& version);

}  // namespace microvm::cli
