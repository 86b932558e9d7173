// `microvm wait`: until VMs have ended.
#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "cli/duration.h"
#include "cli/ids.h"
#include "cli/report.h"
#include "cli/vm_json.h"

namespace microvm::cli {
namespace {

class Wait {
 public:
  Wait(CLI::App& command, Context& context) : context_(context), ids_(command, context) {
    command.add_option("--timeout", timeout_, "Give up after that: 500ms, 10s, 2m")
        ->check(check_duration)
        ->type_name("TIME");
  }

  [[nodiscard]] Result<Answer> run() const {
    return ids_.for_each([this](Runtime& runtime, const VmInfo& vm) -> Result<Answer> {
      const auto exit = ended(runtime, vm.id);
      if (!exit) return std::unexpected(exit.error());
      return Answer{.text = fmt::format("{} {}", vm.id, reason_name(exit->reason)),
                    .json = JsonObject().raw("exit", json_of(*exit)).members(),
                    .exit = exit_code(exit->reason)};
    });
  }

 private:
  [[nodiscard]] Result<Exit> ended(Runtime& runtime, const std::string& id) const {
    const auto timeout = parse_duration(timeout_);
    if (timeout) {
      const auto left = context_.started + *timeout - Deadline::Clock::now();
      return runtime.wait(id,
                          std::max(std::chrono::milliseconds(0), std::chrono::ceil<std::chrono::milliseconds>(left)));
    }
    for (;;) {
      auto exit = runtime.wait(id, kLongestDuration);
      if (exit || exit.error().code != ErrorCode::ReplyTimeout) return exit;
    }
  }

  const Context& context_;
  Ids ids_;
  std::string timeout_;
};

}  // namespace

void add_wait(CLI::App& parent, Context& context) {
  add_command<Wait>(parent, context, "wait", "Waits until VMs have ended; the exit code tells how",
                    "Examples:\n"
                    "  microvm wait web-1\n"
                    "  microvm wait --timeout 10s web-1 web-2");
}

}  // namespace microvm::cli
