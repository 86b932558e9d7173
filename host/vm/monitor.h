// Starts microvm-monitor and hears of it what it has started.
#pragma once

#include <string>
#include <vector>

#include "common/base/deadline.h"
#include "common/base/unique_fd.h"
#include "host/vm/layout.h"
#include "host/vm/processes.h"
#include "host/vm/record.h"
#include "microvm/runtime.h"

namespace microvm::vm {

/// What a new monitor tells. While the report is open and was not confirmed, the end of this process is the end of the
/// VMM.
class MonitorReport {
 public:
  Process vmm;
  UniqueFd monitor_pidfd;
  UniqueFd
      watch;  ///< of the run directory, for new names; to be closed before confirm(): the monitor's copy is the last

  MonitorReport(Process started, UniqueFd monitor, UniqueFd watched, UniqueFd report) noexcept
      : vmm(std::move(started)),
        monitor_pidfd(std::move(monitor)),
        watch(std::move(watched)),
        report_(std::move(report)) {}
  /// From here on the VM outlives this process.
  Result<void> confirm();
  /// The monitor ends the VMM, removes what it made and ends.
  void give_up() { report_.reset(); }

 private:
  UniqueFd report_;
};

/// The monitor's words for it, its name first.
std::vector<std::string> monitor_arguments(const RuntimeOptions& options, const Layout& layout, const Record& record);
/// The VMM's, its name first.
std::vector<std::string> vmm_arguments(const Record& record, const Spec& spec);

/// `vmm_words` are what it shall execute; empty: it adopts the VMM that lives.
Result<MonitorReport> start_monitor(const RuntimeOptions& options, const Layout& layout, const Record& record,
                                    const std::vector<std::string>& vmm_words, Deadline deadline);

}  // namespace microvm::vm
