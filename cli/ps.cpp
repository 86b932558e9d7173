// `microvm ps`: the VMs of this host.
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>

#include "cli/command.h"
#include "cli/table.h"
#include "cli/terminal.h"
#include "cli/times.h"
#include "cli/vm_json.h"
#include "common/base/printable.h"

namespace microvm::cli {
namespace {

constexpr std::size_t kMaxStatus = 48;

std::string up(const VmInfo& vm, Timestamp now) {
  return "Up " + rough(now - vm.started.value_or(vm.created)) + (vm.ready ? " (ready)" : "");
}

std::string status_of(const VmInfo& vm, Timestamp now) {
  switch (vm.state) {
    case VmState::Creating:
    case VmState::Created:
      return vm.operation.empty() ? "Not started" : "Busy: " + vm.operation;
    case VmState::Running:
    case VmState::Paused:
    case VmState::Stopping:
      return up(vm, now);
    case VmState::Exited:
      if (!vm.exit) return "";
      return fmt::format("{} {}", reason_name(vm.exit->reason), ago(vm.exit->finished, now)) +
             (vm.exit->detail.empty() ? "" : ": " + vm.exit->detail);
    case VmState::Failed:
      return fmt::format("{}: {}", vm.failed_step, vm.failure);
  }
  return "";
}

class Ps {
 public:
  Ps(CLI::App& command, Context& context) : context_(context) {
    command.add_flag("-a,--all", all_, "Those that have ended, too");
    command.add_flag("-q,--quiet", quiet_, "Ids only");
    command.add_option("--filter", filters_, "state=NAME; may be repeated: any of them")
        ->type_name("FILTER")
        ->allow_extra_args(false);
    command.add_flag("--no-trunc", no_trunc_, "Cut nothing short");
    add_output(command, context);
  }

  [[nodiscard]] Result<Answer> run() const {
    const auto states = filtered_states();
    if (!states) return std::unexpected(states.error());
    const auto runtime = context_.runtime();
    if (!runtime) return std::unexpected(runtime.error());
    auto vms = (*runtime)->list();
    if (!vms) return std::unexpected(std::move(vms.error()));
    std::erase_if(*vms, [&](const VmInfo& vm) { return !std::ranges::count(*states, vm.state); });
    return Answer{.text = quiet_ ? ids(*vms) : table(*vms),
                  .json = json_joined(
                      "[", *vms, [](const VmInfo& vm) { return json_of(vm); }, "]"),
                  .whole = true};
  }

 private:
  [[nodiscard]] Result<std::vector<VmState>> filtered_states() const {
    std::vector<VmState> states;
    for (const std::string& filter : filters_) {
      const auto state = filter.starts_with("state=") ? state_from(filter.substr(6)) : std::nullopt;
      if (!state) return invalid(fmt::format("--filter {} is no state=NAME of a state", printable(filter, 64)));
      states.push_back(*state);
    }
    if (!states.empty()) return states;
    states = {VmState::Creating, VmState::Created, VmState::Running, VmState::Paused, VmState::Stopping};
    if (all_) states.insert(states.end(), {VmState::Exited, VmState::Failed});
    return states;
  }

  static std::string ids(const std::vector<VmInfo>& vms) {
    std::string out;
    for (const VmInfo& vm : vms) out += (out.empty() ? "" : "\n") + vm.id;
    return out;
  }

  [[nodiscard]] std::string table(const std::vector<VmInfo>& vms) const {
    Table table({"ID", "STATE", "VCPUS", "MEMORY", "PID", "CREATED", "STATUS"});
    const Timestamp at = now();
    for (const VmInfo& vm : vms) {
      const std::string status = status_of(vm, at);
      table.add({vm.id, std::string(state_name(vm.state)), std::to_string(vm.vcpu_count),
                 fmt::format("{} MiB", vm.mem_size_mib), vm.vmm ? std::to_string(vm.vmm->pid) : "", ago(vm.created, at),
                 no_trunc_ ? status : printable(status, kMaxStatus)});
    }
    if (has_colors(STDOUT_FILENO)) table.paint(1, colored);
    return table.text();
  }

  const Context& context_;
  bool all_ = false, quiet_ = false, no_trunc_ = false;
  std::vector<std::string> filters_;
};

}  // namespace

void add_ps(CLI::App& parent, Context& context) {
  add_command<Ps>(parent, context, "ps", "Lists VMs",
                  "Examples:\n"
                  "  microvm ps --all\n"
                  "  microvm ps --filter state=paused --output json");
}

}  // namespace microvm::cli
