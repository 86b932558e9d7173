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
  command.add_flag("--resend", resend_,
                   "Send once more when the connection is lost before the reply (never with --if-match)");
  context.outputs.push_back(command.add_option("--output", "text, or json on one line")
                                ->check(CLI::IsMember({"text", "json"}))
                                ->type_name("FORM"));
}

Deadline MetadataFlags::deadline() const {
  const auto timeout = parse_duration(timeout_);
  return Deadline::at(timeout ? context_.started + *timeout : Deadline::Clock::time_point::max());
}

Result<MetadataFlags::Reach> MetadataFlags::reach() const {
  const auto config = metadata_config();
  if (!config) return std::unexpected(config.error());
  Reach reach{.endpoint = {.uds_path = uds_path_, .port = port_.value_or(config->port)},
              .options = {.connect_timeout = config->connect_timeout,
                          .request_timeout = config->request_timeout,
                          .deadline = deadline().when(),
                          .resend_if_lost = resend_}};
  // --timeout stands for all others.
  if (!timeout_.empty()) reach.options.connect_timeout = reach.options.request_timeout = kLongestDuration;
  return reach;
}

Result<Answer> MetadataFlags::ask(const std::function<Result<Answer>(metadata::Client&)>& ask) const {
  const auto where = reach();
  if (!where) return std::unexpected(where.error());
  auto client = metadata::Client::connect(where->endpoint, where->options);
  return client ? ask(*client) : std::unexpected(std::move(client.error()));
}

CLI::Option* add_if_match(CLI::App& command, std::optional<std::string>& etag) {
  return command.add_option("--if-match", etag, "Change nothing unless this is the etag, as stat or a change told it")
      ->type_name("ETAG");
}

}  // namespace microvm::cli
