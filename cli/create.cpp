// `microvm create`: a VM that is configured and waits for its start.
#include <CLI/CLI.hpp>

#include "cli/report.h"
#include "cli/spec_flags.h"
#include "cli/terminal.h"
#include "cli/vm_json.h"

namespace microvm::cli {
namespace {

class Create {
 public:
  Create(CLI::App& command, Context& context) : context_(context), flags_(command, context) {}

  [[nodiscard]] Result<Answer> run() const {
    const auto parsed = flags_.parse();
    if (!parsed) return std::unexpected(parsed.error());
    if (flags_.dry_run()) return flags_.tell_plan(parsed->spec);
    const Progress progress(!flags_.quiet());
    const auto runtime = context_.runtime([&progress](std::string_view, std::string_view step) -> Result<void> {
      progress.show(step);
      return {};
    });
    if (!runtime) return std::unexpected(runtime.error());
    auto created = (*runtime)->create(parsed->spec);
    progress.clear();
    if (!created) return std::unexpected(std::move(created.error()));
    if (!flags_.quiet()) tell_warnings(created->warnings);
    return Answer{.text = created->id,
                  .json = JsonObject()
                              .add("id", created->id)
                              .raw("phases", json_of(created->phases))
                              .raw("warnings", json_of(created->warnings))
                              .text(),
                  .whole = true};
  }

 private:
  const Context& context_;
  SpecFlags flags_;
};

}  // namespace

void add_create(CLI::App& parent, Context& context) {
  add_command<Create>(parent, context, "create", "Makes a VM and configures it, and does not start it",
                      "Examples:\n"
                      "  microvm create vm.json --name web-1\n"
                      "  microvm create vm.json --dry-run");
}

}  // namespace microvm::cli
