// What the process logs and counts, from its first line to its last, and the ways in which it ends.
#pragma once

#include <string_view>

#include "standin/model/fault.h"
#include "standin/vmm/log.h"
#include "standin/vmm/metrics.h"

namespace microvm::standin {

struct Records {
  Log log;
  Metrics metrics;
};

inline constexpr int kExitFailed = 1;
inline constexpr int kExitBadConfiguration = 152;
inline constexpr int kExitBadArguments = 153;

/// Firecracker ends like this where it was promised something and does not get it.
[[noreturn]] void panic(Records& records, std::string_view where, std::string_view what);

/// The last words of a run that failed; returns `exit_code`.
int end(Records& records, const Fault& why, int exit_code);

/// And of one that did not.
int end_well(Records& records);

}  // namespace microvm::standin
