// Where a VM's files are: docs/state.md. The one place that knows their names.
#pragma once

#include <string>
#include <string_view>

#include "microvm/error.h"
#include "microvm/runtime.h"

namespace microvm::vm {

/// Of a runtime: below its state and its run directory.
struct Roots {
  std::string state;
  std::string run;

  [[nodiscard]] std::string vms() const { return state + "/vms"; }
  [[nodiscard]] std::string unfinished() const { return state + "/tmp"; }  ///< not yet VMs, and no longer VMs
};

/// Of one VM.
struct Layout {
  std::string state;
  std::string run;

  [[nodiscard]] std::string record() const { return state + "/record.json"; }
  [[nodiscard]] std::string spec() const { return state + "/spec.json"; }
  [[nodiscard]] std::string exit() const { return state + "/exit.json"; }
  [[nodiscard]] std::string vmm_log() const { return state + "/vmm.log"; }
  [[nodiscard]] std::string status() const { return run + "/status.json"; }
  [[nodiscard]] std::string monitor() const { return run + "/monitor"; }
  [[nodiscard]] std::string vmm() const { return run + "/vmm"; }
  [[nodiscard]] std::string intent() const { return run + "/intent"; }
  [[nodiscard]] std::string cgroup() const { return run + "/cgroup"; }
  [[nodiscard]] std::string notice() const { return run + "/notice"; }
  [[nodiscard]] std::string monitor_socket() const { return run + "/monitor.sock"; }
  [[nodiscard]] std::string log_fifo() const { return run + "/log"; }
  [[nodiscard]] std::string metrics_fifo() const { return run + "/metrics"; }
  [[nodiscard]] std::string api_socket() const { return run + "/api.sock"; }
  [[nodiscard]] std::string vsock_socket() const { return run + "/v.sock"; }
};

/// Checks that the directories are absolute and the sockets below the run directory have room for their names.
Result<Roots> roots_of(const RuntimeOptions& options);
/// Invalid where even a short run directory leaves no room for the names of sockets.
Result<Layout> lay_out(const Roots& roots, std::string_view id);

}  // namespace microvm::vm
