// QEMU's command line for a guest.
#pragma once

#include <string>
#include <vector>

#include "standin/backend/guest.h"
#include "standin/qemu/child.h"
#include "standin/qemu/layout.h"

namespace microvm::standin::qemu {

struct CommandLine {
  std::string program;
  bool kvm = false;
  bool restores = false;  ///< nothing is booted: its state comes by the monitor
  int monitor = -1;
  int console_out = -1;
  int console_in = -1;
  int memory = -1;
  int vsock = -1;  ///< stands for /dev/vhost-vsock
};

/// Descriptors of the guest are its own under their numbers.
ChildSpec child_spec(const CommandLine& line, const Guest& guest, const Layout& layout);

}  // namespace microvm::standin::qemu
