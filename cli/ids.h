// VMs as they are named on a command line: by their id, or by the beginning of it that no other has.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/command.h"
#include "microvm/runtime.h"

namespace microvm::cli {

/// The VM of this id, else the only one whose id begins so. Missing; Invalid, with the candidates, when there are
/// several.
Result<VmInfo> match_id(const std::vector<VmInfo>& vms, std::string_view word);

Result<VmInfo> find_vm(Runtime& runtime, std::string_view word);
Result<VmInfo> find_vm(const Context& context, std::string_view word);

/// The ids that a command is given. They are read once it runs.
class Ids {
 public:
  Ids(CLI::App& command, Context& context, bool required = true);

  /// Does it for each VM, several at once, and tells of each as it is done: its id, or with --output json all of it as
  /// one array. Of what failed a line is told, and the answer's exit code is that of the first.
  using Act = std::function<Result<Answer>(Runtime& runtime, const VmInfo& vm)>;
  [[nodiscard]] Result<Answer> for_each(const Act& act) const;
  /// The same for these VMs.
  [[nodiscard]] Result<Answer> for_each(Runtime& runtime, const std::vector<Result<VmInfo>>& vms, const Act& act) const;

  [[nodiscard]] const std::vector<std::string>& words() const noexcept { return words_; }
  /// Each of them as it is found; all VMs where none is given.
  [[nodiscard]] Result<std::vector<Result<VmInfo>>> find(Runtime& runtime) const;

 private:
  const Context& context_;
  std::vector<std::string> words_;
};

/// The one id that a command is given.
CLI::Option* add_id(CLI::App& command, std::string& id);

}  // namespace microvm::cli
