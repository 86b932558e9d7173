// One attachment to a guest's console: what the monitor sends is shown, what is typed goes to the guest.
#pragma once

#include <string>

#include "cli/detach_keys.h"
#include "cli/signals.h"
#include "common/base/unique_fd.h"
#include "microvm/error.h"

namespace microvm::cli {

class ConsoleSession {
 public:
  enum class End { Detached, Closed };  ///< by the keys or a signal; by the VM

  /// Connects to the monitor and opens the guest's input in the VM's run directory.
  static Result<ConsoleSession> open(const std::string& run_dir, std::string keys);

  Result<End> run(const Signals& signals);

 private:
  ConsoleSession(UniqueFd monitor, UniqueFd guest, std::string keys)
      : monitor_(std::move(monitor)), guest_(std::move(guest)), keys_(std::move(keys)) {}

  bool read_keys();
  void write_keys();
  Result<bool> show();

  UniqueFd monitor_, guest_;
  DetachKeys keys_;
  bool typing_ = true;     // standard input has not ended
  std::string for_guest_;  // not yet taken
};

}  // namespace microvm::cli
