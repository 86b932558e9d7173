#include "cli/metadata_flags.h"

#include <CLI/CLI.hpp>

#include "cli/config.h"
#include "cli/duration.h"
#include "cli/ids.h"

namespace microvm::cli {

MetadataFlags::MetadataFlags(CLI::App& command, Context& context) : context_(context) {
  auto* const uds =
      command.add_option("--uds", uds_path_, "The VM's vsock socket (uds_path of its vsock device)")->type_name("PATH");
  auto* const vm =
      command.add_option("--vm", vm_, "The VM by its id, in place of --uds")->type_name("ID")->excludes(uds);
  command.parse_complete_callback([uds, vm] {
    if (uds->empty() && vm->empty()) throw CLI::RequiredError("--uds or --vm");
  });
  command.add_option("--port", port_, "The daemon's vsock port in the guest (MICROVM_GUEST_METADATA_PORT, or 5555)")
      ->check(CLI::Range(kMinPort, kMaxPort))
      ->type_name("N");
  command.add_option("--timeout", timeout_, "Bounds the whole command: 500ms, 10s, 2m")
      ->check(check_duration)
      ->type_name("TIME");
  command.add_flag("--resend", resend_,
                   "Send once more when the connection is lost before the reply (never with --if-match)");
  add_output(command, context);
}

Deadline MetadataFlags::deadline() const {
  const auto timeout = parse_duration(timeout_);
  return Deadline::at(timeout ? context_.started + *timeout : Deadline::Clock::time_point::max());
}

Result<MetadataFlags::Reach> MetadataFlags::reach() const {
  auto config = metadata_config();
  if (!config) return std::unexpected(config.error());
  std::string uds_path = uds_path_;
  if (!vm_.empty()) {
    const auto vm = find_vm(context_, vm_);
    if (!vm) return std::unexpected(vm.error());
    if (vm->vsock_socket.empty()) return invalid(vm->id + " has no vsock device");
    uds_path = vm->vsock_socket;
    config->port = vm->metadata_port;
  }
  Reach reach{.endpoint = {.uds_path = std::move(uds_path), .port = port_.value_or(config->port)},
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
