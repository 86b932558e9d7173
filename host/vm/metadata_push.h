// What a VM's guest is handed over vsock before the VM is ready.
#pragma once

#include <functional>

#include "common/base/deadline.h"
#include "host/vm/seen.h"
#include "microvm/metadata.h"

namespace microvm::vm {

/// Reads the files that the spec names, and checks it all by the daemon's rules.
Result<metadata::Change> gather(const MetadataSpec& spec);

struct PushTimes {
  std::chrono::microseconds guest_daemon{}, metadata{};
};

/// Dials until the daemon answers, then hands over `change` as one transaction, or piece by piece to a daemon of
/// protocol 1. Ends at once with VmmDied, and the panic where there is one, when the guest or the VMM gives up.
Result<PushTimes> push(const Seen& vm, const metadata::Change& change, Deadline deadline);

}  // namespace microvm::vm
