// exit.json.
#pragma once

#include <string>

#include "microvm/runtime_types.h"

namespace microvm::monitor {

std::string exit_json(const Exit& exit);

}  // namespace microvm::monitor
