// The table of traps. A body is looked at as text: we wrote it, so a member has one spelling, and a quote inside of a
// value is escaped.
#include "host/fcapi/traps.h"

#include <fmt/format.h>

#include <array>

namespace microvm::fcapi {
namespace {

struct Trap {
  std::string_view code;
  std::string_view route;
  std::string_view with;     ///< stands in the body
  std::string_view without;  ///< does not; empty: whatever
  Version from, before;
  std::string_view text;
};

constexpr Version kEver{}, kNever{~0U, 0, 0};

constexpr auto kTraps = std::to_array<Trap>({
    {"vsock_dead_after_resume",
     "PATCH /vm",
     R"("state":"Resumed")",
     "",
     {1, 16, 0},
     {1, 17, 0},
     "after a resume without a snapshot every vsock connection from the host hangs, open ones too"},
    {"vsock_hangs_after_restore",
     "PUT /snapshot/load",
     "",
     "",
     {1, 16, 0},
     {1, 16, 1},
     "vsock connections from the guest may hang after a restore"},
    {"diff_snapshot_corrupt",
     "PUT /snapshot/create",
     R"("snapshot_type":"Diff")",
     "",
     {1, 14, 0},
     {1, 14, 2},
     "the memory file is corrupt for guests of more than 3 GiB or with hotplugged memory"},
    {"level_reset", "PUT /logger", "", R"("level":)", kEver, kNever,
     "without a level it becomes Info, whatever the command line said"},
    {"log_file_must_exist",
     "PUT /logger",
     R"("log_path":)",
     "",
     kEver,
     {1, 14, 0},
     "the log file is not created: it must be there"},
    {"metrics_file_must_exist",
     "PUT /metrics",
     "",
     "",
     kEver,
     {1, 14, 0},
     "the metrics file is not created: it must be there"},
    {"hotplug_size_wraps", "PUT /hotplug/memory", "", "", {1, 14, 0}, {1, 17, 0}, "sizes beyond 32 bits wrap silently"},
    {"pmem_id_unchecked",
     "PATCH /pmem/{id}",
     "",
     R"("rate_limiter":)",
     {1, 16, 0},
     kNever,
     "without a rate_limiter the VMM says yes whether or not the device exists"},
});

bool springs(const Trap& trap, const Request& request, Version version) {
  const std::string_view body = request.body ? *request.body : std::string_view{};
  return trap.route == request.route->text && version >= trap.from && version < trap.before &&
         body.contains(trap.with) && (trap.without.empty() || !body.contains(trap.without));
}

}  // namespace

std::vector<Warning> warnings_of(const Request& request, Version version) {
  std::vector<Warning> warnings;
  for (const Trap& trap : kTraps)
    if (springs(trap, request, version))
      warnings.push_back({std::string(trap.code), fmt::format("{}: {}", request.line, trap.text)});
  return warnings;
}

}  // namespace microvm::fcapi
