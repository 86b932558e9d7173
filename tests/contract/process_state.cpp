// What the kernel says of a running daemon.
#include "tests/contract/process_state.h"

#include <time.h>

#include <sstream>

#include "tests/support/files.h"

namespace microvm::contract {
namespace {

std::string proc(pid_t pid, const char* file) { return "/proc/" + std::to_string(pid) + "/" + file; }

// What stands behind `name` on the line that starts with it.
std::istringstream line_of(const std::string& path, const std::string& name) {
  std::istringstream lines(test::read_file(path));
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with(name)) return std::istringstream(line.substr(name.size()));
  }
  return std::istringstream();
}

}  // namespace

std::string status_of(pid_t pid, const std::string& name) {
  std::string value;
  line_of(proc(pid, "status"), name + ":") >> value;
  return value;
}

std::pair<std::string, std::string> limits_of(pid_t pid, const std::string& name) {
  std::pair<std::string, std::string> limits;
  line_of(proc(pid, "limits"), name) >> limits.first >> limits.second;
  return limits;
}

std::size_t resident_bytes(pid_t pid) { return std::stoul(status_of(pid, "VmRSS")) * 1024; }

std::size_t descriptors_of(pid_t pid) { return test::names_in(proc(pid, "fd")).size(); }

std::chrono::nanoseconds cpu_time_of(pid_t pid) {
  clockid_t clock = 0;
  timespec used{};
  if (::clock_getcpuclockid(pid, &clock) != 0 || ::clock_gettime(clock, &used) != 0) return {};
  return std::chrono::seconds(used.tv_sec) + std::chrono::nanoseconds(used.tv_nsec);
}

}  // namespace microvm::contract
