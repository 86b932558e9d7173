// What all `microvm metadata` commands share: how the daemon is reached, and in what time.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "cli/command.h"
#include "microvm/metadata.h"

namespace microvm::cli {

class MetadataFlags {
 public:
  /// Adds the flags to `command`; they are read once it runs.
  MetadataFlags(CLI::App& command, Context& context);

  /// The point that --timeout sets for the whole command, input and all; for ever without it.
  [[nodiscard]] Deadline deadline() const;
  [[nodiscard]] Result<metadata::Client> connect() const;

 private:
  const Context& context_;
  std::string uds_path_;
  std::optional<std::uint32_t> port_;
  std::string timeout_;
  bool resend_ = false;
};

}  // namespace microvm::cli
