// A VM as it is found: what is written down about it, and which of its processes live. Taken without a lock.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "host/vm/layout.h"
#include "host/vm/processes.h"
#include "host/vm/record.h"

namespace microvm::vm {

struct Seen {
  std::string id;
  Layout layout;
  Record record;
  Status status;
  std::optional<Exit> exit;
  std::optional<Process> vmm, monitor;
  bool is_of_this_boot = true;

  [[nodiscard]] VmState state() const noexcept { return exit ? VmState::Exited : status.state; }
  /// What is written down is not what is so: its driver or its monitor died, or the host booted. See settle().
  [[nodiscard]] bool is_unsettled() const noexcept;
};

/// Missing where there is no such VM. Where the VMM has just ended, the monitor gets a moment to write down how.
Result<Seen> look(const Roots& roots, std::string_view id);
/// Sorted. An empty list where there is no directory yet.
Result<std::vector<std::string>> ids_in(const Roots& roots);

VmInfo info_of(const Seen& vm);
/// Of `id`, in a sentence: "VM web-1: it is paused; start needs created".
std::unexpected<Error> wrong_state(const Seen& vm, std::string_view operation, std::string_view needed);

/// Until the exit is written down, or the deadline.
std::optional<Exit> await_exit(const Layout& layout, Deadline deadline);

}  // namespace microvm::vm
