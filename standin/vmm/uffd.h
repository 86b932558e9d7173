// Guest memory whose pages another process brings (userfaultfd(2)).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "standin/model/fault.h"

namespace microvm::standin {

/// Maps that much memory, hands its faults to the process that listens at `socket_path`, and waits until it has brought
/// the first page: as with Firecracker, whoever does not serve holds everything up. All of it stays for good.
Result<std::string_view> serve_memory_by(const std::string& socket_path, std::uint64_t bytes);

}  // namespace microvm::standin
