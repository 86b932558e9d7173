#include "cli/vm_end.h"

#include <unistd.h>

namespace microvm::cli {

bool VmEnd::has_come() {
  if (::access(exit_file_.c_str(), F_OK) == 0) return true;
  if (!ask_again_.passed()) return false;
  ask_again_ = Deadline::after(kInterval);
  const auto vm = runtime_.inspect(id_);
  if (!vm) return vm.error().code == ErrorCode::Missing;
  return vm->state == VmState::Exited || vm->state == VmState::Failed;
}

}  // namespace microvm::cli
