// `microvm inspect`: all that is known of VMs.
#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "cli/ids.h"
#include "cli/report.h"
#include "cli/times.h"
#include "cli/vm_json.h"
#include "common/base/printable.h"

namespace microvm::cli {
namespace {

// Lines of a name and a value; what has none is left out.
class Lines {
 public:
  void add(std::string_view name, std::string_view value) {
    if (!value.empty()) text_ += fmt::format("{}{:<15} {}", text_.empty() ? "" : "\n", name, printable(value, 4096));
  }
  void add(std::string_view name, const std::optional<Timestamp>& when) { add(name, when ? rfc3339(*when) : ""); }
  void add(std::string_view name, const std::optional<ProcessId>& process) {
    add(name, process ? std::to_string(process->pid) : "");
  }
  void add(std::string_view name, const std::vector<std::string>& lines) {
    for (const std::string& line : lines) add(std::exchange(name, ""), line.empty() ? " " : line);
  }
  [[nodiscard]] const std::string& text() const noexcept { return text_; }

 private:
  std::string text_;
};

std::string number(const std::optional<int>& value) { return value ? std::to_string(*value) : ""; }

void add_exit(Lines& lines, const Exit& exit) {
  lines.add("exited", std::optional(exit.finished));
  lines.add("reason", fmt::format("{} ({})", reason_name(exit.reason), certainty_name(exit.certainty)));
  lines.add("exit code", number(exit.code));
  lines.add("signal", number(exit.signal));
  lines.add("detail", exit.detail);
  lines.add("console", exit.console_tail);
  lines.add("vmm log", exit.vmm_tail);
}

std::string text_of(const VmInfo& vm) {
  Lines lines;
  lines.add("id", vm.id);
  lines.add("state", state_name(vm.state));
  lines.add("operation", vm.operation);
  lines.add("failed step", vm.failed_step);
  lines.add("failure", vm.failure);
  lines.add("vcpus", std::to_string(vm.vcpu_count));
  lines.add("memory", fmt::format("{} MiB", vm.mem_size_mib));
  lines.add("created", std::optional(vm.created));
  lines.add("started", vm.started);
  lines.add("ready", vm.ready);
  if (vm.exit) add_exit(lines, *vm.exit);
  lines.add("vmm", vm.vmm);
  lines.add("monitor", vm.monitor);
  if (vm.vmm && !vm.monitor) lines.add("monitor", "has died; the next command on this VM starts one");
  lines.add("firecracker", vm.firecracker);
  lines.add("version", vm.version);
  lines.add("state dir", vm.state_dir);
  lines.add("run dir", vm.run_dir);
  lines.add("api socket", vm.api_socket);
  lines.add("vsock socket", vm.vsock_socket);
  if (!vm.vsock_socket.empty()) lines.add("metadata port", std::to_string(vm.metadata_port));
  return lines.text();
}

class Inspect {
 public:
  Inspect(CLI::App& command, Context& context) : context_(context), ids_(command, context) {}

  [[nodiscard]] Result<Answer> run() const {
    const auto runtime = context_.runtime();
    if (!runtime) return std::unexpected(runtime.error());
    const auto found = ids_.find(**runtime);
    if (!found) return std::unexpected(found.error());
    Answer answer{.whole = true};
    std::vector<VmInfo> vms;
    for (const auto& one : *found) {
      auto vm = one ? (*runtime)->inspect(one->id) : one;
      if (vm) {
        answer.text += (answer.text.empty() ? "" : "\n\n") + text_of(*vm);
        vms.push_back(std::move(*vm));
        continue;
      }
      tell(vm.error());
      if (answer.exit == 0) answer.exit = exit_code(vm.error().code);
    }
    answer.json = json_joined("[", vms, [](const VmInfo& vm) { return json_of(vm); }, "]");
    return answer;
  }

 private:
  const Context& context_;
  Ids ids_;
};

}  // namespace

void add_inspect(CLI::App& parent, Context& context) {
  add_command<Inspect>(parent, context, "inspect", "Tells all that is known of VMs",
                       "Examples:\n"
                       "  microvm inspect web-1\n"
                       "  microvm inspect --output json web-1");
}

}  // namespace microvm::cli
