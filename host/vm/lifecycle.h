// What happens to a VM between its creation and its end.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "host/vm/settle.h"
#include "microvm/fcapi.h"

namespace microvm::vm {

/// A connection that is there already, and the VMM that it watches.
struct Configured {
  Process vmm;
  fcapi::Client api;
};

Result<Phases> start(const Host& host, std::string_view id, std::optional<Configured> configured);
Result<void> pause(const Host& host, std::string_view id);
Result<void> resume(const Host& host, std::string_view id);

Result<StopOutcome> stop(const Host& host, std::string_view id, const std::vector<StopRung>& ladder);
Result<void> kill(const Host& host, std::string_view id, int signal);
Result<void> remove(const Host& host, std::string_view id, bool force);
Result<Exit> wait(const Host& host, std::string_view id, Deadline deadline);

}  // namespace microvm::vm
