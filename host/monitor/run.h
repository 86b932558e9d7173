// From the command line to the end of a VMM.
#pragma once

#include "host/monitor/options.h"

namespace microvm::monitor {

/// The exit code. Takes over the process: its signals, session, directory and descriptors.
int run(const Options& options, char* const* environment);

}  // namespace microvm::monitor
