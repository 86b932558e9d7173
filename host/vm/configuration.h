// A spec as what is said to its VMM: words of the command line first, then requests in the order in which they depend
// on each other.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "microvm/fcapi.h"
#include "microvm/runtime_types.h"

namespace microvm::vm {

struct Call {
  std::string line;                           ///< "PUT /drives/rootfs"
  std::function<Result<std::string>()> body;  ///< as it would be sent to the newest version
  std::function<Result<void>(fcapi::Client&)> send;
};

/// Refers to `spec`, which has to outlive it.
std::vector<Call> configuration_of(const Spec& spec);

/// What the VMM's log and metrics are called on its command line.
struct Sinks {
  std::string log, metrics;
};
std::vector<std::string> flags_of(const Spec& spec, const Sinks& sinks);

}  // namespace microvm::vm
