#include "cli/vm_json.h"

#include "cli/times.h"
#include "common/base/printable.h"

namespace microvm::cli {
namespace {

// A guest or a VMM may have had a hand in it.
std::string printable_json(std::string_view text) { return json_string(printable(text, 4096)); }

template <class T, class Write>
std::string or_null(const std::optional<T>& value, Write write) {
  return value ? write(*value) : "null";
}

std::string time_json(Timestamp when) { return json_string(rfc3339(when)); }

std::string process_json(const ProcessId& process) {
  return JsonObject().add("pid", process.pid).add("start_time", process.start_time).text();
}

std::string number_json(int number) { return std::to_string(number); }

}  // namespace

std::string json_of(const std::vector<std::string>& texts) { return json_joined("[", texts, printable_json, "]"); }

std::string_view rung_name(StopRung::Kind kind) noexcept {
  return kind == StopRung::Kind::CtrlAltDel ? "ctrl_alt_del" : "kill";
}

std::string json_of(const Exit& exit) {
  return JsonObject()
      .raw("code", or_null(exit.code, number_json))
      .raw("signal", or_null(exit.signal, number_json))
      .add("reason", reason_name(exit.reason))
      .add("certainty", certainty_name(exit.certainty))
      .raw("detail", printable_json(exit.detail))
      .raw("console_tail", json_of(exit.console_tail))
      .raw("vmm_tail", json_of(exit.vmm_tail))
      .raw("finished", time_json(exit.finished))
      .text();
}

std::string json_of(const VmInfo& vm) {
  return JsonObject()
      .add("id", vm.id)
      .add("state", state_name(vm.state))
      .raw("created", time_json(vm.created))
      .raw("started", or_null(vm.started, time_json))
      .raw("ready", or_null(vm.ready, time_json))
      .raw("exit", or_null(vm.exit, [](const Exit& exit) { return json_of(exit); }))
      .add("failed_step", vm.failed_step)
      .raw("failure", printable_json(vm.failure))
      .add("operation", vm.operation)
      .raw("vmm", or_null(vm.vmm, process_json))
      .raw("monitor", or_null(vm.monitor, process_json))
      .add("firecracker", vm.firecracker)
      .raw("version", printable_json(vm.version))
      .add("state_dir", vm.state_dir)
      .add("run_dir", vm.run_dir)
      .add("api_socket", vm.api_socket)
      .add("vsock_socket", vm.vsock_socket)
      .add("metadata_port", vm.metadata_port)
      .add("vcpu_count", int{vm.vcpu_count})
      .add("mem_size_mib", vm.mem_size_mib)
      .text();
}

std::string json_of(const Phases& phases) {
  return JsonObject()
      .add("process_us", phases.process.count())
      .add("api_us", phases.api.count())
      .add("configuration_us", phases.configuration.count())
      .add("start_us", phases.start.count())
      .add("guest_daemon_us", phases.guest_daemon.count())
      .add("metadata_us", phases.metadata.count())
      .text();
}

std::string json_of(const StopOutcome& outcome) {
  const auto tried = [](const StopOutcome::Tried& rung) {
    return JsonObject()
        .add("rung", rung_name(rung.kind))
        .add("took_ms", rung.took.count())
        .add("worked", rung.worked)
        .raw("skipped", printable_json(rung.skipped))
        .text();
  };
  return JsonObject()
      .raw("tried", json_joined("[", outcome.tried, tried, "]"))
      .raw("exit", json_of(outcome.exit))
      .text();
}

std::string json_of(const Event& event) {
  return JsonObject()
      .raw("when", time_json(event.when))
      .add("id", event.id)
      .add("what", event.what)
      .raw("detail", printable_json(event.detail))
      .text();
}

std::string json_of(const Garbage& garbage) {
  return JsonObject()
      .add("what", garbage.what)
      .raw("path", printable_json(garbage.path))
      .raw("why", printable_json(garbage.why))
      .add("removed", garbage.removed)
      .text();
}

std::string json_of(const PlanStep& step) {
  return JsonObject().add("step", step.name).raw("actions", json_of(step.actions)).text();
}

}  // namespace microvm::cli
