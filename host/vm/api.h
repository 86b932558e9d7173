// A VMM's API, for one VM.
#pragma once

#include "host/vm/seen.h"
#include "microvm/fcapi.h"
#include "microvm/runtime.h"

namespace microvm::vm {

/// Waits for the socket; the VMM's end ends every wait, and the error then has its last words.
Result<fcapi::Client> open_api(const RuntimeOptions& options, const Layout& layout, const Record& record, int vmm_pidfd,
                               int watch = -1);

/// Brings to life what a resume has left dead of the VM's vsock device, where it has one and the version has that
/// fault. The VM has to run.
Result<void> revive_vsock(fcapi::Client& api, const Layout& layout, const Record& record);

/// What the VMM logged last, once it has ended: the monitor has written it down by then.
std::string last_words(const Layout& layout);

}  // namespace microvm::vm
