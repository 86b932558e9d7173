// What the kernel says of a running daemon.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <string>
#include <utility>

namespace microvm::contract {

/// One value of /proc/<pid>/status, without its unit; "" when there is none of that name.
std::string status_of(pid_t pid, const std::string& name);
/// Soft and hard limit of one line of /proc/<pid>/limits, e.g. "Max open files".
std::pair<std::string, std::string> limits_of(pid_t pid, const std::string& name);
std::size_t resident_bytes(pid_t pid);
std::size_t descriptors_of(pid_t pid);
/// Processor time used so far.
std::chrono::nanoseconds cpu_time_of(pid_t pid);

}  // namespace microvm::contract
