// Whether a VM has ended, for those who follow its logs.
#pragma once

#include <string>

#include "common/base/deadline.h"
#include "microvm/runtime.h"

namespace microvm::cli {

/// The monitor writes `exit.json` once all of the console is in its file. Where it was killed nobody does, so the
/// runtime is asked as well, now and then: it starts another monitor, or finds that the VMM is gone.
class VmEnd {
 public:
  static constexpr std::chrono::seconds kInterval{1};

  VmEnd(Runtime& runtime, const VmInfo& vm) : runtime_(runtime), id_(vm.id), exit_file_(vm.state_dir + "/exit.json") {}

  /// What was logged before this answers true is all there will be.
  [[nodiscard]] bool has_come();

 private:
  Runtime& runtime_;
  std::string id_, exit_file_;
  Deadline ask_again_ = Deadline::after(kInterval);
};

}  // namespace microvm::cli
