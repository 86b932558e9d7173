// A process as it is told apart from a later one of the same number, and as it stands in a file.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/unique_fd.h"

namespace microvm::posix {

struct ProcessIdentity {
  int pid = 0;
  std::uint64_t start_time = 0;  ///< clock ticks since boot: field 22 of /proc/PID/stat
  std::string boot_id{};         ///< of the boot that both numbers belong to

  bool operator==(const ProcessIdentity&) const = default;
};

// The unexpected value is an errno throughout.

/// This boot's: 36 lower-case hex digits and dashes.
std::expected<std::string, int> read_boot_id();

/// Field 22, whatever the program's name holds; none in what is not such a text.
std::optional<std::uint64_t> parse_start_time(std::string_view stat) noexcept;

/// ESRCH where there is no such process. A zombie has its start time until it is reaped.
std::expected<std::uint64_t, int> start_time_of(int pid) noexcept;

/// The process that has the number at the moment.
std::expected<ProcessIdentity, int> identify(int pid);

/// `<pid> <start time> <boot id>\n`
std::string identity_text(const ProcessIdentity& process);
std::optional<ProcessIdentity> parse_identity(std::string_view text);

/// A pidfd of exactly that process: it is opened first and checked behind. ESRCH when it has gone, also when another
/// one has its number now or the host has booted since.
std::expected<UniqueFd, int> open_process(const ProcessIdentity& process);

}  // namespace microvm::posix
