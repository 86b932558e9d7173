// The two processes of a VM, as their identity files in the run directory name them.
#pragma once

#include <chrono>
#include <optional>

#include "common/base/deadline.h"
#include "common/base/unique_fd.h"
#include "common/posix/process_identity.h"
#include "host/vm/layout.h"
#include "microvm/runtime_types.h"

namespace microvm::vm {

/// A process that lives, held so that a signal reaches it and no later one of its number.
struct Process {
  posix::ProcessIdentity identity;
  UniqueFd pidfd;

  [[nodiscard]] ProcessId id() const noexcept { return {identity.pid, identity.start_time}; }
};

/// Nothing where there is none, or it has ended (a zombie has ended).
std::optional<Process> live_vmm(const Layout& layout);
std::optional<Process> live_monitor(const Layout& layout);

/// False when it still lives at the deadline.
bool wait_for_end(int pidfd, Deadline deadline);
/// False when it has ended before.
bool send_signal(int pidfd, int signal);
/// SIGKILL, and waits.
void end(const Process& process, std::chrono::milliseconds patience);

}  // namespace microvm::vm
