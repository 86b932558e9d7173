// Where the time of a start went, for people.
#pragma once

#include <string>

#include "microvm/runtime_types.h"

namespace microvm::cli {

/// Of create and start together.
Phases sum(Phases a, const Phases& b);
/// `812.4 ms (process 2.1, API 3.0, …)`; what took no time is left out.
std::string text_of(const Phases& phases);

}  // namespace microvm::cli
