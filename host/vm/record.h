// What is written down about a VM, and how that is read: docs/state.md.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "host/vm/layout.h"
#include "microvm/runtime_types.h"

namespace microvm::vm {

/// `record.json`: all that the VM takes, written once before any of it is taken.
struct Record {
  std::uint32_t version = 1;
  std::string id;
  std::string boot_id;
  Timestamp created{};
  std::string run_dir;
  std::string firecracker;
  std::string api_socket;
  std::string vsock_socket{};          ///< empty: no vsock device
  std::string log_file, metrics_file;  ///< what the monitor reads them from; empty: its FIFOs
  std::uint64_t console_bytes = 0, log_bytes = 0;
  std::uint32_t metadata_port = 0;
  std::uint32_t vcpu_count = 0;
  std::uint64_t mem_size_mib = 0;
};

/// `status.json` in the run directory: where it stands. A reboot takes it away, as it takes away what it speaks of.
struct Status {
  VmState state = VmState::Creating;
  std::string operation{};  ///< what somebody who holds the lock is doing
  std::uint32_t operation_pid = 0;
  std::string version{};  ///< what the VMM says it is
  std::optional<Timestamp> started{}, ready{};
  std::string failed_step{}, failure{};
};

/// With the spec beside it, in a directory that has no name yet; both durable.
Result<void> write_record(const Layout& layout, const Record& record, const Spec& spec);
Result<Record> read_record(const Layout& layout);
Result<Spec> read_spec(const Layout& layout);

Result<void> write_status(const Layout& layout, const Status& status);
/// Creating where there is none yet.
Result<Status> read_status(const Layout& layout);

Result<void> write_exit(const Layout& layout, const Exit& exit);
/// Nothing where the VM has not ended, or nobody has noticed.
Result<std::optional<Exit>> read_exit(const Layout& layout);

}  // namespace microvm::vm
