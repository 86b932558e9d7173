// `microvm start`: created VMs, until each holds its metadata.
#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "cli/ids.h"
#include "cli/phases.h"
#include "cli/report.h"
#include "cli/vm_json.h"

namespace microvm::cli {
namespace {

class Start {
 public:
  Start(CLI::App& command, Context& context) : ids_(command, context) {
    command.add_flag("-q,--quiet", quiet_, "No times");
  }

  [[nodiscard]] Result<Answer> run() const {
    return ids_.for_each([this](Runtime& runtime, const VmInfo& vm) -> Result<Answer> {
      const auto phases = runtime.start(vm.id);
      if (!phases) return std::unexpected(phases.error());
      if (!quiet_) tell(fmt::format("{}: ready in {}", vm.id, text_of(*phases)));
      return Answer{.text = vm.id, .json = JsonObject().raw("phases", json_of(*phases)).members()};
    });
  }

 private:
  Ids ids_;
  bool quiet_ = false;
};

}  // namespace

void add_start(CLI::App& parent, Context& context) {
  add_command<Start>(parent, context, "start", "Starts created VMs, and waits until each holds its metadata",
                     "Example:\n  microvm start web-1");
}

}  // namespace microvm::cli
