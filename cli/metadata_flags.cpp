#include "cli/metadata_flags.h"

#include <CLI/CLI.hpp>

#include "cli/config.h"
#include "cli/duration.h"

namespace microvm::cli {

MetadataFlags::MetadataFlags(CLI::App& command, Context& context) : context_(context) {
  const auto is_duration = [](const std::string& text) {
    return parse_duration(text) ? std::string()
                                : "a whole number and its unit, as in 500ms, 10s or 2m; at most 24 hours";
  };
  command.add_option("--uds", uds_path_, "The VM's vsock socket (uds_path of its vsock device)")
      ->required()
      ->type_name("PATH");
  command.add_option("--port", port_, "The daemon's vsock port in the guest (MICROVM_GUEST_METADATA_PORT, or 5555)")
      ->check(CLI::Range(kMinPort, kMaxPort))
      ->type_name("N");
  command.add_option("--timeout", timeout_, "Bounds the whole command: 500ms, 10s, 2m")
      ->check(is_duration)
      ->type_name("TIME");
  command.add_flag("--resend", resend_, "Send once more when the connection is lost before the reply");
  context.outputs.push_back(command.add_option("--output", "text or json, one line either way")
                                ->check(CLI::IsMember({"text", "json"}))
                                ->type_name("FORM"));
}

Deadline MetadataFlags::deadline() const {
  const auto timeout = parse_duration(timeout_);
  return Deadline::at(timeout ? context_.started + *timeout : Deadline::Clock::time_point::max());
}

Result<metadata::Client> MetadataFlags::connect() const {
  const auto config = metadata_config();
  if (!config) return std::unexpected(config.error());
  metadata::Options options{.connect_timeout = config->connect_timeout,
                            .request_timeout = config->request_timeout,
                            .deadline = deadline().when(),
                            .resend_if_lost = resend_};
  // --timeout stands for all others.
  if (!timeout_.empty()) options.connect_timeout = options.request_timeout = kLongestDuration;
  return metadata::Client::connect({.uds_path = uds_path_, .port = port_.value_or(config->port)}, options);
}

}  // namespace microvm::cli
