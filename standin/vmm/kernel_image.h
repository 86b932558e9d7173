// The kernel as Firecracker's loader sees it: an uncompressed ELF whose parts fit into the guest's memory.
#pragma once

#include <cstdint>

#include "standin/model/fault.h"

namespace microvm::standin {

Done check_kernel_image(int file, std::uint64_t memory_bytes);

}  // namespace microvm::standin
