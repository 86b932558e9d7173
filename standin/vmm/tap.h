// TAP interfaces.
#pragma once

#include <string>

#include "common/base/unique_fd.h"
#include "standin/model/fault.h"

namespace microvm::standin {

struct Tap {
  UniqueFd fd;
  std::string name;  ///< the kernel's, where none was given
};

/// Opens (as root: makes) a single-queue TAP with a vnet header.
Result<Tap> open_tap(const std::string& name);

}  // namespace microvm::standin
