// `microvm stop`: guests end in their good order, or by force when that takes too long.
#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "cli/duration.h"
#include "cli/ids.h"
#include "cli/report.h"
#include "cli/vm_json.h"

namespace microvm::cli {
namespace {

constexpr StopRung kByForce{StopRung::Kind::Kill, std::chrono::milliseconds(5'000)};

class Stop {
 public:
  Stop(CLI::App& command, Context& context) : ids_(command, context) {
    command.add_option("-t,--time", time_, "In place of the VM's own ladder: so long it may take before it is killed")
        ->check(check_seconds)
        ->type_name("TIME");
    command.add_flag("-q,--quiet", quiet_, "Do not tell of what did not work");
  }

  [[nodiscard]] Result<Answer> run() const {
    return ids_.for_each([this](Runtime& runtime, const VmInfo& vm) -> Result<Answer> {
      const auto outcome = runtime.stop(vm.id, ladder());
      if (!outcome) return std::unexpected(outcome.error());
      if (!quiet_) tell_failures(vm.id, *outcome);
      return Answer{.text = vm.id, .json = JsonObject().raw("outcome", json_of(*outcome)).members()};
    });
  }

 private:
  [[nodiscard]] std::vector<StopRung> ladder() const {
    const auto time = parse_seconds(time_);
    if (!time) return {};
    if (time->count() == 0) return {kByForce};
    return {{StopRung::Kind::CtrlAltDel, *time}, kByForce};
  }

  static void tell_failures(const std::string& id, const StopOutcome& outcome) {
    for (const StopOutcome::Tried& rung : outcome.tried) {
      if (!rung.skipped.empty()) {
        tell(fmt::format("{}: {} was not tried: {}", id, rung_name(rung.kind), rung.skipped));
      } else if (!rung.worked) {
        tell(fmt::format("{}: {} did not end it in {} ms", id, rung_name(rung.kind), rung.took.count()));
      }
    }
  }

  Ids ids_;
  std::string time_;
  bool quiet_ = false;
};

}  // namespace

void add_stop(CLI::App& parent, Context& context) {
  add_command<Stop>(parent, context, "stop", "Asks guests to end, and kills those that do not in time",
                    "Examples:\n"
                    "  microvm stop web-1\n"
                    "  microvm stop -t 30 web-1 web-2");
}

}  // namespace microvm::cli
