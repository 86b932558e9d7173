// `microvm pause`: guests that stand still.
#include <CLI/CLI.hpp>

#include "cli/ids.h"

namespace microvm::cli {
namespace {

class Pause {
 public:
  Pause(CLI::App& command, Context& context) : ids_(command, context) {}

  [[nodiscard]] Result<Answer> run() const {
    return ids_.for_each([](Runtime& runtime, const VmInfo& vm) -> Result<Answer> {
      if (auto done = runtime.pause(vm.id); !done) return std::unexpected(std::move(done.error()));
      return Answer{.text = vm.id};
    });
  }

 private:
  Ids ids_;
};

}  // namespace

void add_pause(CLI::App& parent, Context& context) {
  add_command<Pause>(parent, context, "pause", "Lets guests stand still", "Example:\n  microvm pause web-1");
}

}  // namespace microvm::cli
