// `microvm resume`: paused guests go on.
#include <CLI/CLI.hpp>

#include "cli/ids.h"

namespace microvm::cli {
namespace {

class Resume {
 public:
  Resume(CLI::App& command, Context& context) : ids_(command, context) { command.alias("unpause"); }

  [[nodiscard]] Result<Answer> run() const {
    return ids_.for_each([](Runtime& runtime, const VmInfo& vm) -> Result<Answer> {
      if (auto done = runtime.resume(vm.id); !done) return std::unexpected(std::move(done.error()));
      return Answer{.text = vm.id};
    });
  }

 private:
  Ids ids_;
};

}  // namespace

void add_resume(CLI::App& parent, Context& context) {
  add_command<Resume>(parent, context, "resume", "Lets paused guests go on; unpause is the same",
                      "Example:\n  microvm resume web-1");
}

}  // namespace microvm::cli
