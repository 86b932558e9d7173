// Signals that Firecracker answers: they are told in the log, and all but SIGPIPE end the process with a code of
// theirs.
#pragma once

#include <optional>

#include "standin/vmm/vmm.h"

namespace microvm::standin {

class Signals {
 public:
  /// Once per process.
  static Done install();
  /// Readable when one came.
  static int event_fd() noexcept;
  /// Takes one; the exit code if the process ends with it.
  static std::optional<int> take(Vmm& vmm);
};

}  // namespace microvm::standin
