// What all `microvm metadata` commands share: how the daemon is reached, and in what time.
#pragma once

#include <cstdint>
#include <functional>
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
  /// Connects and lets `ask` do the rest.
  [[nodiscard]] Result<Answer> ask(const std::function<Result<Answer>(metadata::Client&)>& ask) const;

  /// Where the daemon is, and how long is waited for it.
  struct Reach {
    metadata::Endpoint endpoint;
    metadata::Options options;
  };
  [[nodiscard]] Result<Reach> reach() const;

 private:
  const Context& context_;
  std::string uds_path_;
  std::string vm_;
  std::optional<std::uint32_t> port_;
  std::string timeout_;
  bool resend_ = false;
};

/// `--if-match`, for commands that change something.
CLI::Option* add_if_match(CLI::App& command, std::optional<std::string>& etag);

}  // namespace microvm::cli
