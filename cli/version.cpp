// `microvm version`: of this program.
#include <CLI/CLI.hpp>

#include "cli/command.h"
#include "cli/json.h"

namespace microvm::cli {
namespace {

class Version {
 public:
  Version(CLI::App& command, Context& context) : context_(context) { add_output(command, context); }

  [[nodiscard]] Result<Answer> run() const {
    return Answer{.text = "microvm " + context_.version,
                  .json = JsonObject().add("version", context_.version).text(),
                  .whole = true};
  }

 private:
  const Context& context_;
};

}  // namespace

void add_version(CLI::App& parent, Context& context) {
  add_command<Version>(parent, context, "version", "Tells this program's version", "Example:\n  microvm version");
}

}  // namespace microvm::cli
