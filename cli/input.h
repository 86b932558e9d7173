// Files of the user, bounded.
#pragma once

#include <cstddef>
#include <string>

#include "common/base/bytes.h"
#include "common/base/deadline.h"
#include "microvm/error.h"

namespace microvm::cli {

/// All of the file at `path`, or of standard input for `-`. A longer file than `limit` is Invalid and not read to its
/// end; `why` says where the limit comes from. A pipe that does not end is waited for until `deadline`.
Result<Bytes> read_input(const std::string& path, std::size_t limit, std::string_view why, Deadline deadline);

/// The same of a regular file; anything else, a symlink too, is Invalid.
Result<Bytes> read_regular_file(const std::string& path, std::size_t limit, std::string_view why, Deadline deadline);

}  // namespace microvm::cli
