// `microvm rm`: VMs that have ended are forgotten.
#include <CLI/CLI.hpp>
#include <algorithm>

#include "cli/ids.h"

namespace microvm::cli {
namespace {

bool has_ended(const VmInfo& vm) { return vm.state == VmState::Exited || vm.state == VmState::Failed; }

class Rm {
 public:
  Rm(CLI::App& command, Context& context) : context_(context), ids_(command, context, false) {
    command.add_flag("-f,--force", force_, "Kill what still runs");
    command.add_flag("-a,--all", all_, "All that have ended; with --force all there are");
  }

  [[nodiscard]] Result<Answer> run() const {
    if (all_ != ids_.words().empty()) return invalid(all_ ? "ids, or --all" : "an id is required, or --all");
    const auto runtime = context_.runtime();
    if (!runtime) return std::unexpected(runtime.error());
    auto vms = ids_.find(**runtime);
    if (!vms) return std::unexpected(std::move(vms.error()));
    if (all_ && !force_) std::erase_if(*vms, [](const Result<VmInfo>& vm) { return !has_ended(*vm); });
    return ids_.for_each(**runtime, *vms, [this](Runtime& on, const VmInfo& vm) -> Result<Answer> {
      if (auto done = on.remove(vm.id, force_); !done) return std::unexpected(std::move(done.error()));
      return Answer{.text = vm.id};
    });
  }

 private:
  const Context& context_;
  Ids ids_;
  bool force_ = false, all_ = false;
};

}  // namespace

void add_rm(CLI::App& parent, Context& context) {
  add_command<Rm>(parent, context, "rm", "Forgets VMs that have ended, and removes what they had on disk",
                  "Examples:\n"
                  "  microvm rm web-1\n"
                  "  microvm rm --all\n"
                  "  microvm rm --force web-1");
}

}  // namespace microvm::cli
