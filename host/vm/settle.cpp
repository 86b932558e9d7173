#include "host/vm/settle.h"

#include <fmt/format.h>

#include <chrono>

#include "common/base/timestamp.h"
#include "common/posix/dead_socket.h"
#include "host/monitor/cgroup.h"
#include "host/vm/api.h"
#include "host/vm/files.h"
#include "host/vm/journal.h"
#include "host/vm/monitor.h"
#include "host/vm/patience.h"
#include "host/vm/unfinished.h"

namespace microvm::vm {
namespace {

constexpr std::size_t kMaxPath = 4096;

using namespace std::chrono_literals;

Result<void> write_down(const Host& host, Seen& vm, ExitReason reason, Certainty certainty, std::string detail) {
  Exit exit{.reason = reason, .certainty = certainty, .detail = std::move(detail), .finished = now_ms()};
  if (auto written = write_exit(vm.layout, exit); !written) return written;
  tell(host.roots, vm.id, "exited", exit.detail);
  vm.exit = std::move(exit);
  return {};
}

Result<void> find_ended(const Host& host, Seen& vm) {
  clear_after_vmm(vm.layout, vm.record);
  return write_down(host, vm, ExitReason::Unknown, Certainty::None,
                    "the VMM ended while no monitor was there to see how");
}

Result<void> start_new_monitor(const Host& host, Seen& vm) {
  auto report = start_monitor(host.options, vm.layout, vm.record, {}, Deadline::after(kAdoptPatience));
  if (!report) {
    // Another one may have been faster, or the VMM may have ended meanwhile.
    vm.monitor = live_monitor(vm.layout);
    if (vm.monitor || !live_vmm(vm.layout)) return {};
    return std::unexpected(std::move(report.error()));
  }
  if (auto confirmed = report->confirm(); !confirmed) return confirmed;
  vm.monitor = live_monitor(vm.layout);
  tell(host.roots, vm.id, "adopted");
  host.notice(vm.id, "its monitor had died: a new one was started");
  return {};
}

// Whoever was at it died: only the VMM knows what came of it.
Result<void> finish_interrupted(const Host& host, Seen& vm) {
  auto api = open_api(host.options, vm.layout, vm.record, vm.vmm->pidfd.get());
  if (!api) return std::unexpected(std::move(api.error()));
  const auto info = api->get_instance_info();
  if (!info) return std::unexpected(info.error());
  const std::string operation = std::exchange(vm.status.operation, {});
  vm.status.operation_pid = 0;
  switch (info->state) {
    case fcapi::VmState::NotStarted:
      vm.status.state = VmState::Created;
      break;
    case fcapi::VmState::Running:
      vm.status.state = VmState::Running;
      break;
    case fcapi::VmState::Paused:
      vm.status.state = VmState::Paused;
      break;
  }
  if (operation == "resume" && vm.status.state == VmState::Running) {
    if (auto revived = revive_vsock(*api, vm.layout, vm.record); !revived) return revived;
  }
  if (vm.status.state != VmState::Created && !vm.status.started) vm.status.started = now_ms();
  host.notice(vm.id, fmt::format("its {} was interrupted: it is {}", operation, state_name(vm.status.state)));
  return write_status(vm.layout, vm.status);
}

}  // namespace

void clear_after_vmm(const Layout& layout, const Record& record) {
  for (const std::string* socket : {&record.api_socket, &record.vsock_socket}) posix::remove_dead_socket(*socket);
  auto cgroup = read_file(layout.cgroup(), kMaxPath);
  if (!cgroup) return;
  if (cgroup->ends_with('\n')) cgroup->pop_back();
  monitor::remove_cgroup(*cgroup);
}

Result<void> give_back(const Host& host, const Layout& layout, const Record& record) {
  // The monitor first: it would write down the end of a VM that is no more.
  if (const auto monitor = live_monitor(layout)) end(*monitor, kEndPatience);
  if (const auto vmm = live_vmm(layout)) end(*vmm, kEndPatience);
  clear_after_vmm(layout, record);
  if (auto removed = remove_tree(layout.run); !removed) return removed;
  return retire(host.roots, layout.state);
}

Result<Seen> settle(const Host& host, std::string_view id, const VmLock&) {
  auto vm = look(host.roots, id);
  if (!vm || !vm->is_unsettled()) return vm;
  Result<void> done;
  if (!vm->is_of_this_boot) {
    done = write_down(host, *vm, ExitReason::HostRebooted, Certainty::Certain, "the host was booted since");
  } else if (vm->status.state == VmState::Creating) {
    if (auto given = give_back(host, vm->layout, vm->record); !given) return std::unexpected(std::move(given.error()));
    host.notice(id, "its creation was cut short: what it had taken was given back");
    return std::unexpected(Error{ErrorCode::Missing, 0, fmt::format("VM {}: its creation was cut short", id)});
  } else if (!vm->vmm) {
    done = find_ended(host, *vm);
  } else {
    if (!vm->monitor) done = start_new_monitor(host, *vm);
    if (done && !vm->status.operation.empty()) done = finish_interrupted(host, *vm);
  }
  if (!done && done.error().code == ErrorCode::VmmDied) return look(host.roots, id);
  if (!done) return std::unexpected(std::move(done.error()));
  return vm;
}

}  // namespace microvm::vm
