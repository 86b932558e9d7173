// `microvm spec`: what a spec file says.
#include <CLI/CLI.hpp>

#include "cli/json.h"
#include "cli/spec_flags.h"
#include "cli/vm_json.h"

namespace microvm::cli {
namespace {

class Check {
 public:
  Check(CLI::App& command, Context& context) : context_(context) {
    command.add_option("file", file_, "Firecracker's configuration file; - is standard input")
        ->required()
        ->type_name("FILE");
    command.add_flag("--strict", strict_, "What is only a warning otherwise is an error");
    add_output(command, context);
  }

  [[nodiscard]] Result<Answer> run() const {
    const auto parsed = read_spec(file_, strict_);
    if (!parsed) return std::unexpected(parsed.error());
    if (auto checked = check_spec(parsed->spec); !checked) return std::unexpected(std::move(checked.error()));
    const auto options = runtime_config(context_.flags);
    if (!options) return std::unexpected(options.error());
    const auto steps = context_.factories.plan(parsed->spec, *options);
    if (!steps) return std::unexpected(steps.error());
    tell_warnings(parsed->warnings);
    Answer answer = answer_of(*steps);
    answer.json = JsonObject().raw("warnings", json_of(parsed->warnings)).raw("plan", answer.json).text();
    return answer;
  }

 private:
  const Context& context_;
  std::string file_;
  bool strict_ = false;
};

}  // namespace

void add_spec(CLI::App& parent, Context& context) {
  CLI::App& group = *parent.add_subcommand("spec", "Tells what a spec file says");
  group.require_subcommand(1);
  group.footer("Example:\n  microvm spec check vm.json");
  add_command<Check>(group, context, "check", "Checks a spec and prints what would be done with it",
                     "Examples:\n"
                     "  microvm spec check vm.json\n"
                     "  microvm spec check --strict vm.json");
}

}  // namespace microvm::cli
