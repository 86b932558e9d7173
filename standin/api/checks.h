// What a body must be like beyond its table: ids that agree with the path, members that exclude each other, members
// that are deprecated. Each returns a deprecation notice or nothing.
#pragma once

#include "standin/api/call.h"
#include "standin/model/vm_config.h"

namespace microvm::standin {

/// An id of the path, before anything else is looked at.
Result<std::string> checked_id(const Call& call);

Result<std::string> same_drive(Drive& drive, const Call& call);
Result<std::string> same_drive_update(DriveUpdate& update, const Call& call);
Result<std::string> same_pmem(Pmem& pmem, const Call& call);
Result<std::string> same_pmem_update(PmemUpdate& update, const Call& call);
Result<std::string> same_interface(NetworkInterface& interface, const Call& call);
Result<std::string> same_interface_update(NetworkInterfaceUpdate& update, const Call& call);
Result<std::string> machine_notice(MachineConfig& machine, const Call& call);
Result<std::string> machine_update_notice(MachineConfigUpdate& update, const Call& call);
Result<std::string> vsock_notice(Vsock& vsock, const Call& call);
Result<std::string> mmds_notice(MmdsConfig& config, const Call& call);
/// Leaves `mem_backend` set, and `track_dirty_pages` under its new name.
Result<std::string> load_notice(SnapshotLoad& params, const Call& call);

}  // namespace microvm::standin
