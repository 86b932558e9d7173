// What is handed to a guest, as people keep it in files.
#pragma once

#include <string>

#include "common/base/deadline.h"
#include "microvm/error.h"
#include "microvm/metadata_types.h"

namespace microvm::cli {

/// The entries of a dotenv file; `-` is standard input.
Result<metadata::Env> read_env_file(const std::string& path, Deadline deadline);

/// Each regular file of a folder, under its own name. Whatever else is there, or has a name that no secret can have, is
/// an error that names it; so is more than fits one request.
Result<metadata::Secrets> read_secrets_dir(const std::string& path, Deadline deadline);

/// A transaction as a JSON document; `-` is standard input.
Result<metadata::Change> read_change(const std::string& path, Deadline deadline);

}  // namespace microvm::cli
