// `microvm run`: a VM is made, started, handed its metadata, and its console shown until it ends.
#include <fmt/format.h>
#include <signal.h>

#include <CLI/CLI.hpp>

#include "cli/report.h"
#include "cli/run_session.h"
#include "cli/spec_flags.h"
#include "cli/terminal.h"
#include "cli/vm_json.h"

namespace microvm::cli {
namespace {

class Run {
 public:
  Run(CLI::App& command, Context& context) : context_(context), flags_(command, context) {
    command.add_flag("-d,--detach", detach_, "Print the id once the guest holds its metadata, and leave it running");
    command.add_flag("--rm", remove_, "Remove the VM once it has ended");
  }

  [[nodiscard]] Result<Answer> run() const {
    if (detach_ && remove_) return invalid("--rm with --detach: nobody would be there to remove it");
    if (!detach_ && !flags_.dry_run() && context_.json()) {
      return invalid("--output json needs --detach or --dry-run: standard output is the guest's console");
    }
    const auto parsed = flags_.parse();
    if (!parsed) return std::unexpected(parsed.error());
    return flags_.dry_run() ? flags_.tell_plan(parsed->spec) : run(parsed->spec);
  }

 private:
  [[nodiscard]] Result<Answer> run(const Spec& spec) const {
    const auto signals = Signals::take({SIGINT, SIGTERM, SIGHUP});
    if (!signals) return std::unexpected(signals.error());
    Interrupt interrupt;
    const Progress progress(!flags_.quiet());
    const auto runtime = context_.runtime([&](std::string_view, std::string_view step) {
      progress.show(step);
      return interrupt.before_step();
    });
    if (!runtime) return std::unexpected(runtime.error());
    const RunOptions options{.detach = detach_, .remove = remove_, .quiet = flags_.quiet()};
    auto outcome = RunSession(**runtime, spec, options, interrupt, progress, *signals).run();
    progress.clear();
    if (!outcome) return std::unexpected(std::move(outcome.error()));
    if (!flags_.quiet()) tell_warnings(outcome->warnings);
    return outcome->exit ? ended(*outcome) : detached(*outcome);
  }

  [[nodiscard]] Result<Answer> ended(const RunSession::Outcome& outcome) const {
    const Exit& exit = *outcome.exit;
    int code = exit_code(exit.reason);
    if (code != 0 || !flags_.quiet()) {
      tell(fmt::format("{}: {} ({}){}{}", outcome.id, reason_name(exit.reason), certainty_name(exit.certainty),
                       exit.detail.empty() ? "" : ": ", exit.detail));
    }
    if (code == 0 && outcome.error) code = exit_code(outcome.error->code);
    return Answer{.whole = true, .exit = code};
  }

  [[nodiscard]] Result<Answer> detached(const RunSession::Outcome& outcome) const {
    if (outcome.error) {
      // A guest that has given up ends in a moment.
      if (outcome.error->code != ErrorCode::VmmDied) tell(outcome.id + ": goes on without its metadata");
      return std::unexpected(*outcome.error);
    }
    if (!detach_) return Answer{.whole = true};
    return Answer{.text = outcome.id,
                  .json = JsonObject()
                              .add("id", outcome.id)
                              .raw("phases", json_of(outcome.phases))
                              .raw("warnings", json_of(outcome.warnings))
                              .text(),
                  .whole = true};
  }

  const Context& context_;
  SpecFlags flags_;
  bool detach_ = false, remove_ = false;
};

}  // namespace

void add_run(CLI::App& parent, Context& context) {
  add_command<Run>(parent, context, "run",
                   "Makes a VM, starts it, hands it its metadata and shows its console until it ends",
                   "Ctrl-C stops the guest, a second one kills it. When the terminal goes, the VM goes on.\n"
                   "Examples:\n"
                   "  microvm run vm.json --env-file app.env --secret db=./db.pw\n"
                   "  microvm run --detach vm.json --name web-1 -e TIER=prod");
}

}  // namespace microvm::cli
