#include "standin/api/checks.h"

#include <algorithm>
#include <cctype>

namespace microvm::standin {
namespace {

Result<std::string> same_id(const std::string& id, const Call& call) {
  if (id == call.part(1)) return "";
  return std::unexpected(bad_request("The id from the path does not match the id from the body!"));
}

Result<std::string> same_interface_id(const std::string& id, const Call& call) {
  if (id == call.part(1)) return "";
  return std::unexpected(bad_request("The id from the path [" + std::string(call.part(1)) +
                                     "] does not match the id from the body [" + id + "]!"));
}

std::string notice(bool deprecated, std::string_view text) { return std::string(deprecated ? text : ""); }

// Letters and digits of any script count; which of the others beyond ASCII are neither is not looked at.
bool may_be_in_id(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte == '_' || byte >= 0x80 || std::isalnum(byte) != 0;
}

}  // namespace

Result<std::string> checked_id(const Call& call) {
  const std::string_view id = call.part(1);
  if (id.empty()) return refuse("EmptyID", "The ID cannot be empty.");
  if (!std::ranges::all_of(id, may_be_in_id))
    return refuse("InvalidID", "API Resource IDs can only contain alphanumeric characters and underscores.");
  return std::string(id);
}

Result<std::string> same_drive(Drive& drive, const Call& call) { return same_id(drive.id, call); }
Result<std::string> same_drive_update(DriveUpdate& update, const Call& call) { return same_id(update.id, call); }
Result<std::string> same_pmem(Pmem& pmem, const Call& call) { return same_id(pmem.id, call); }
Result<std::string> same_pmem_update(PmemUpdate& update, const Call& call) { return same_id(update.id, call); }
Result<std::string> same_interface(NetworkInterface& interface, const Call& call) {
  return same_interface_id(interface.id, call);
}
Result<std::string> same_interface_update(NetworkInterfaceUpdate& update, const Call& call) {
  return same_interface_id(update.id, call);
}

Result<std::string> machine_notice(MachineConfig& machine, const Call& /*call*/) {
  return notice(machine.cpu_template.has_value(), "PUT /machine-config: cpu_template field is deprecated.");
}

Result<std::string> machine_update_notice(MachineConfigUpdate& update, const Call& /*call*/) {
  if (update == MachineConfigUpdate{}) return std::unexpected(bad_request("Empty PATCH request."));
  return notice(update.cpu_template.has_value(), "PATCH /machine-config: cpu_template field is deprecated.");
}

Result<std::string> vsock_notice(Vsock& vsock, const Call& /*call*/) {
  return notice(vsock.vsock_id.has_value(), "PUT /vsock: vsock_id field is deprecated.");
}

Result<std::string> mmds_notice(MmdsConfig& config, const Call& /*call*/) {
  return notice(config.version == MmdsVersion::V1, "PUT /mmds/config: V1 is deprecated. Use V2 instead.");
}

Result<std::string> load_notice(SnapshotLoad& params, const Call& /*call*/) {
  const auto either = [](std::string_view text) {
    return std::unexpected(deserialization_fault(json::Failure{std::string(text)}));
  };
  if (params.mem_backend && params.mem_file_path)
    return either("too many fields: either `mem_backend` or `mem_file_path` exclusively is required");
  if (!params.mem_backend && !params.mem_file_path)
    return either("missing field: either `mem_backend` or `mem_file_path` is required");
  const bool deprecated = params.mem_file_path || params.enable_diff_snapshots;
  if (!params.mem_backend) params.mem_backend = MemoryBackend{*params.mem_file_path, MemoryBackendType::File};
  params.track_dirty_pages = params.track_dirty_pages || params.enable_diff_snapshots;
  return notice(deprecated, "PUT /snapshot/load: mem_file_path and enable_diff_snapshots fields are deprecated.");
}

}  // namespace microvm::standin
