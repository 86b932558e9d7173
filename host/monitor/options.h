// The monitor's command line.
#pragma once

#include <cstdint>
#include <expected>
#include <span>
#include <string>
#include <vector>

#include "host/monitor/limits.h"

namespace microvm::monitor {

struct Options {
  enum class Action : std::uint8_t { Start, Adopt, ShowHelp, ShowVersion };
  Action action = Action::Start;
  std::string id, state_dir, run_dir;
  int report = -1;
  std::uint64_t console_bytes = kDefaultConsoleBytes;
  std::uint64_t log_bytes = kDefaultLogBytes;
  std::uint64_t ring_bytes = kDefaultRingBytes;
  std::string log_file, metrics_file;  ///< the spec's own; empty: the FIFO
  std::vector<std::string> unlink;
  std::vector<const char*> program;  ///< NULL-terminated, as execve takes it
};

/// `arguments` without the monitor's name; they outlive the options. The error is one line for a person.
std::expected<Options, std::string> parse_options(std::span<const char* const> arguments);

extern const char* const kUsage;

}  // namespace microvm::monitor
