// `microvm gc`: what no live VM owns is removed.
#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "cli/command.h"
#include "cli/table.h"
#include "cli/vm_json.h"

namespace microvm::cli {
namespace {

class Gc {
 public:
  Gc(CLI::App& command, Context& context) : context_(context) {
    command.add_flag("--dry-run", dry_run_, "Only tell what would be removed");
    add_output(command, context);
  }

  [[nodiscard]] Result<Answer> run() const {
    const auto runtime = context_.runtime();
    if (!runtime) return std::unexpected(runtime.error());
    const auto found = (*runtime)->gc(dry_run_);
    if (!found) return std::unexpected(found.error());
    Table table({"WHAT", "PATH", "REMOVED", "WHY"});
    for (const Garbage& one : *found) table.add({one.what, one.path, one.removed ? "yes" : "no", one.why});
    return Answer{.text = found->empty() ? "" : table.text(),
                  .json = json_joined(
                      "[", *found, [](const Garbage& one) { return json_of(one); }, "]"),
                  .whole = true};
  }

 private:
  const Context& context_;
  bool dry_run_ = false;
};

}  // namespace

void add_gc(CLI::App& parent, Context& context) {
  add_command<Gc>(parent, context, "gc", "Removes what VMs left behind and no live VM owns",
                  "Examples:\n"
                  "  microvm gc --dry-run\n"
                  "  microvm gc");
}

}  // namespace microvm::cli
