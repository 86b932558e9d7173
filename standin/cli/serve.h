// The loop of the process: the API, the guest, signals, and the metrics' clock.
#pragma once

#include "standin/api/api.h"
#include "standin/api/server.h"
#include "standin/vmm/vmm.h"

namespace microvm::standin {

enum class Ending : std::uint8_t {
  GuestStopped,   ///< by itself: the exit code says how
  RestoreFailed,  ///< a snapshot could not be loaded
  Signal,         ///< exits at once
};

struct Ended {
  Ending why;
  int exit_code;
};

/// Serves until the process is to end. `server` may be null: no API.
Ended serve(Vmm& vmm, Api& api, Server* server);

}  // namespace microvm::standin
