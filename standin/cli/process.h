// The program once its options are known: from the API's socket to the end of the guest.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "standin/backend/backend.h"
#include "standin/cli/options.h"
#include "standin/cli/records.h"

namespace microvm::standin {

struct Given {
  std::optional<std::string> config;    ///< text of the file
  std::optional<std::string> metadata;  ///< text of the file
  std::size_t payload_limit;
  std::size_t mmds_limit;
};

/// Returns the exit code.
int run_process(Records& records, const Options& options, const Given& given, Backend& backend);

}  // namespace microvm::standin
