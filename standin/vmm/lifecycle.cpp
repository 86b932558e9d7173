// Starting, pausing, resuming.
#include <chrono>

#include "standin/vmm/actions.h"
#include "standin/vmm/log_sites.h"
#include "standin/vmm/start_checks.h"
#include "standin/vmm/stopwatch.h"

namespace microvm::standin {
namespace {

void let_run(Vmm& vmm) {
  vmm.log(site::kKick, "Artificially kick devices");
  vmm.log(site::kVcpuResume,
          "Received a VcpuEvent::Resume message with immediate_exit enabled. immediate_exit was disabled before "
          "proceeding");
  vmm.state = State::Running;
}

}  // namespace

Done start(Vmm& vmm) {
  vmm.log(site::kBuildBegins, "event_start: build microvm for boot");
  if (auto good = check_start(vmm.guest); !good) return good;
  if (auto started = vmm.backend.start(vmm.guest); !started) return started;
  vmm.log(site::kBuildEnds, "event_end: build microvm for boot");
  vmm.log(site::kBootBegins, "event_start: boot microvm");
  let_run(vmm);
  vmm.log(site::kBootEnds, "event_end: boot microvm");
  return {};
}

Done pause(Vmm& vmm) {
  const Stopwatch watch;
  if (vmm.state == State::Running) {
    if (auto paused = vmm.backend.pause(); !paused) return paused;
    vmm.state = State::Paused;
  }
  watch.tell(vmm, site::kPauseTook, "pause vm", "vmm_pause_vm");
  return {};
}

Done resume(Vmm& vmm) {
  const Stopwatch watch;
  if (vmm.state == State::Paused)
    if (auto resumed = vmm.backend.resume(); !resumed) return resumed;
  let_run(vmm);
  watch.tell(vmm, site::kResumeTook, "resume vm", "vmm_resume_vm");
  return {};
}

Done send_ctrl_alt_del(Vmm& vmm) {
  if (vmm.backend.send_ctrl_alt_del()) return {};
  return refuse("I8042Error(InternalBufferFull)", "I8042 error: i8042 internal buffer full.");
}

Done flush_metrics(Vmm& vmm) {
  if (vmm.metrics.write()) return {};
  return std::unexpected(errno_fault(errno).in("Metrics(Write", "Failed to write metrics: "));
}

}  // namespace microvm::standin
