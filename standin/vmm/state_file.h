// The file that holds all of a snapshot but its memory. Its frame is Firecracker's (magic, format version, checksum),
// so that what looks at the frame only sees no difference; the content is this program's own.
#pragma once

#include <string>
#include <string_view>

#include "standin/model/fault.h"
#include "standin/model/vm_config.h"

namespace microvm::standin {

inline constexpr std::string_view kSnapshotVersion = "10.0.0";

struct SavedState {
  VmConfig config;
  bool pci_enabled = false;
  std::string backend;  ///< what only the backend understands
};

std::string to_state_file(const SavedState& state);

/// Reads, and refuses what is damaged or of another version.
Result<SavedState> load_state_file(int file);

/// The format version of a file that is whole, whatever it is.
Result<std::string> state_file_version(int file);

}  // namespace microvm::standin
