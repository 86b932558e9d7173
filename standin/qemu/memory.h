// The guest's memory: a file without a name that QEMU maps, so that snapshots are copies of files.
#pragma once

#include <cstdint>
#include <string_view>

#include "common/base/unique_fd.h"
#include "standin/model/fault.h"

namespace microvm::standin::qemu {

Result<UniqueFd> new_memory(std::uint64_t bytes, bool huge_pages);

/// All of `from` into `into`, whose content is lost; where one has a hole the other gets one.
Done copy_memory(int from, int into, std::uint64_t bytes);
/// The same from memory that may arrive while it is read; pages of zeros become holes.
Done copy_memory(std::string_view from, int into);

}  // namespace microvm::standin::qemu
