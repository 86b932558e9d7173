// The events of all VMs of a runtime: <state>/events.jsonl.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <string_view>

#include "common/base/deadline.h"
#include "host/vm/layout.h"

namespace microvm::vm {

/// An event that cannot be written is lost: what it tells is on disk elsewhere.
void tell(const Roots& roots, std::string_view id, std::string_view what, std::string_view detail = {});

/// See Runtime::events.
Result<void> follow(const Roots& roots, Timestamp since, Deadline deadline,
                    const std::function<bool(const Event&)>& event);

}  // namespace microvm::vm
