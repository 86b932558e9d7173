// The files behind the guest's drives, while it runs: another file, other limits, a drive more or less.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "standin/backend/guest.h"
#include "standin/qemu/layout.h"
#include "standin/qemu/machine.h"

namespace microvm::standin::qemu {

class Drives {
 public:
  /// QEMU was started with it.
  void started_with(const DriveDevice& drive, const Place& place);
  Done plug(Machine& machine, const DriveDevice& drive, const Place& place);
  Done change(Machine& machine, const DriveDevice& drive, const Place& place);
  Done unplug(Machine& machine, const Place& place);

 private:
  /// What QEMU holds of a drive's file.
  struct Held {
    int file = -1;  ///< our descriptor: a new file has another one
    std::uint64_t fdset = 0;
    std::string node, file_node;
  };
  Result<Held> hold(Machine& machine, const DriveDevice& drive, const Place& place);
  static Done let_go(Machine& machine, const Held& held);

  std::map<std::string, Held> held_;  ///< by the device's name
  std::uint64_t next_ = 0;
};

}  // namespace microvm::standin::qemu
