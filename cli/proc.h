// What the kernel counts of a process.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "microvm/runtime_types.h"

namespace microvm::cli {

struct ProcessUse {
  std::chrono::nanoseconds cpu{};
  std::uint64_t rss_bytes = 0;
};

/// Nothing where the process has ended, or another one has its number now.
std::optional<ProcessUse> use_of(const ProcessId& process, const std::string& proc = "/proc");

/// Field `number` of /proc/PID/stat, counted from 1 as proc(5) does, from 3 on.
std::optional<std::uint64_t> stat_field(std::string_view stat, int number);

}  // namespace microvm::cli
