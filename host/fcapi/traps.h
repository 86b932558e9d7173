// What is allowed, but known to hurt in some versions.
#pragma once

#include <vector>

#include "host/fcapi/request.h"
#include "microvm/fcapi.h"

namespace microvm::fcapi {

std::vector<Warning> warnings_of(const Request& request, Version version);

}  // namespace microvm::fcapi
