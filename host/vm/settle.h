// Brings what is written down in step with what is so, after a death: of a driver, of a monitor, of the host.
#pragma once

#include "host/vm/seen.h"
#include "host/vm/vm_lock.h"
#include "microvm/runtime.h"

namespace microvm::vm {

struct Host {
  RuntimeOptions options;
  Roots roots;

  void notice(std::string_view id, std::string_view text) const {
    if (options.notice) options.notice(id, text);
  }
};

/// Under the VM's lock. Gives back what a half-made VM had taken (Missing then), writes down an end that nobody wrote
/// down, starts a new monitor beside a VMM that lost its own, asks the VMM where an interrupted operation left it.
Result<Seen> settle(const Host& host, std::string_view id, const VmLock& lock);

/// Ends both processes and removes sockets, run directory and state directory. What is not there is no error.
Result<void> give_back(const Host& host, const Layout& layout, const Record& record);

/// What a VMM left behind that has ended: its sockets, its cgroup and whatever is in that.
void clear_after_vmm(const Layout& layout, const Record& record);

}  // namespace microvm::vm
