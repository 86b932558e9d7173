#include "cli/command.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>

#include "cli/duration.h"
#include "cli/report.h"

namespace microvm::cli {
namespace {

constexpr AddCommand kCommands[] = {add_run,    add_create,     add_start,  add_pause, add_resume,  add_stop,
                                    add_kill,   add_rm,         add_wait,   add_ps,    add_inspect, add_events,
                                    add_logs,   add_console,    add_stats,  add_gc,    add_spec,    add_metadata,
                                    add_doctor, add_completion, add_version};

}  // namespace

void add_commands(CLI::App& root, Context& context) {
  context.root = &root;
  root.set_version_flag("--version", "microvm " + context.version);
  root.require_subcommand(1);
  // Where VMs are may be said behind the command as well.
  root.fallthrough();
  root.footer(
      "Examples:\n"
      "  microvm run vm.json --env-file app.env --secret db=./db.pw\n"
      "  microvm metadata ping --vm web-1");
  add_runtime_flags(root, context.flags);
  for (const AddCommand add : kCommands) add(root, context);
}

bool Context::json() const {
  return std::ranges::any_of(outputs, [](const CLI::Option* output) {
    return !output->results().empty() && output->results().back() == "json";
  });
}

Result<std::unique_ptr<Runtime>> Context::runtime(BeforeStep before_step) const {
  auto options = runtime_config(flags);
  if (!options) return std::unexpected(std::move(options.error()));
  options->notice = [](std::string_view id, std::string_view notice) {
    tell(fmt::format("notice: {}: {}", id, notice));
  };
  options->before_step = std::move(before_step);
  return factories.runtime(std::move(*options));
}

void add_output(CLI::App& command, Context& context) {
  context.outputs.push_back(command.add_option("--output", "text, or json for programs")
                                ->check(CLI::IsMember({"text", "json"}))
                                ->type_name("FORM"));
}

void add_runtime_flags(CLI::App& app, RuntimeFlags& flags) {
  app.add_option("--state-dir", flags.state_dir, "What lasts of VMs (MICROVM_STATE_DIR)")->type_name("DIR");
  app.add_option("--run-dir", flags.run_dir, "Sockets and locks of VMs (MICROVM_RUN_DIR)")->type_name("DIR");
  app.add_option("--firecracker", flags.firecracker, "The VMM (MICROVM_FIRECRACKER_BIN, or firecracker in PATH)")
      ->type_name("FILE");
  app.add_option("--monitor", flags.monitor,
                 "microvm-monitor (MICROVM_MONITOR_BIN; else beside this program, or in PATH)")
      ->type_name("FILE");
}

CLI::App& add_leaf(CLI::App& parent, const char* name, const char* help, const char* examples) {
  CLI::App& command = *parent.add_subcommand(name, help);
  command.footer(examples);
  return command;
}

void when_chosen(CLI::App& command, Context& context, std::function<Result<Answer>()> run) {
  command.callback([&context, run = std::move(run)] { context.run = run; });
}

}  // namespace microvm::cli
