// The table of refusals, the first row that fits counts.
#include "host/fcapi/faults.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "common/base/printable.h"
#include "common/wire/json_tree.h"

namespace microvm::fcapi {
namespace {

constexpr std::size_t kMaxText = 4096;

struct Row {
  std::string_view code;
  std::string_view start;
  std::string_view part{};  ///< somewhere behind the start
};

constexpr auto kRows = std::to_array<Row>({
    {"before_start", "The requested operation is not supported before starting the microVM."},
    {"after_start", "The requested operation is not supported after starting the microVM."},
    {"bad_body", "An error occurred when deserializing the json body of a request: "},
    {"unknown_route", "Invalid request method and/or path: "},
    {"unknown_route", "Unrecognized "},
    {"unknown_route", "Missing snapshot operation type."},
    {"bad_framing", "Empty "},
    {"bad_framing", "", "request cannot have a body."},
    {"bad_id", "The ID cannot be empty."},
    {"bad_id", "API Resource IDs can only contain"},
    {"bad_id", "The id from the path "},
    {"tap_busy", "Network config error: ", "(os error 16)"},
    {"mac_in_use", "Network config error: The MAC address is already in use"},
    {"no_kvm", "Start microvm error: Kvm error: "},
    {"no_kernel", "Start microvm error: Cannot start microvm without kernel configuration."},
    {"bad_kernel", "Start microvm error: ", "Cannot load kernel"},
    {"boot_args_too_long", "Start microvm error: ", "command line too long"},
    {"boot_args_too_long", "Boot source error: The kernel command line is invalid: Invalid cmdline capacity"},
    {"no_memory", "Start microvm error: Invalid Memory Configuration: "},
    {"too_many_devices", "", "Could not allocate GSI"},
    {"too_many_devices", "", "The requested resource is not available."},
    {"too_many_devices", "", "Could not find an available device slot on the PCI bus."},
    {"start", "Start microvm error: "},
    {"boot_source", "Boot source error: "},
    {"machine_config", "Machine config error: "},
    {"no_device", "", "Device not found"},
    {"no_device", "Balloon config error: No balloon device found."},
    {"device_inactive", "", "Device not activated yet."},
    {"device_inactive", "", "Device is not active"},
    {"second_root", "", "A root block device already exists!"},
    {"second_root", "", "A root pmem device already exist"},
    {"second_root", "", "as a root device while the root device defined as"},
    {"drive", "Drive config error: "},
    {"pmem", "Pmem config error: "},
    {"network", "Network config error: "},
    {"vsock_path_in_use", "Vsock config error: ", "(os error 98)"},
    {"vsock", "Vsock config error: "},
    {"mmds_config", "MMMDS config error: "},
    {"mmds_not_initialized", "MMDS error: The MMDS data store is not initialized."},
    {"mmds_full", "MMDS limit exceeded error: "},
    {"balloon", "Balloon "},
    {"balloon", "Internal VMM error: Balloon: "},
    {"memory_hotplug", "Memory hotplug "},
    {"logger", "Logger error: "},
    {"metrics", "Metrics error: "},
    {"not_paused", "Create snapshot error: ", "save/restore unavailable while running"},
    {"device_without_snapshot", "Create snapshot error: ", "Devices without snapshot support are present"},
    {"snapshot_create", "Create snapshot error: "},
    {"load_after_config", "Load snapshot error: Loading a microVM snapshot not allowed after configuring"},
    {"snapshot_version", "Load snapshot error: ", "Invalid data version"},
    {"snapshot_damaged", "Load snapshot error: ", "File too short to contain CRC"},
    {"snapshot_damaged", "Load snapshot error: ", "CRC64 validation failed"},
    {"snapshot_damaged", "Load snapshot error: ", "during bitcode serialization"},
    {"snapshot_damaged", "Load snapshot error: ", "Magic value does not match"},
    {"snapshot_missing", "Load snapshot error: ", "Failed to open snapshot file"},
    {"override_unknown", "Load snapshot error: ", "Unknown Network Device"},
    {"override_unknown", "Load snapshot error: ", "Unknown Vsock Device"},
    {"uffd", "Load snapshot error: ", "uffd"},
    {"snapshot_load", "Load snapshot error: "},
    {"id_in_use", "Device ID in use"},
    {"unplug_root", "Cannot unplug root device"},
    {"no_pci", "PCI is not enabled"},
    {"keyboard_full", "Internal VMM error: ", "internal buffer full"},
    {"no_ctrl_alt_del", "SendCtrlAltDel does not supported on aarch64."},
});

bool fits(const Row& row, std::string_view text) noexcept {
  return text.starts_with(row.start) && text.find(row.part, row.start.size()) != text.npos;
}

// Where the body is what the API answers with; the HTTP layer's own refusals are no JSON.
std::optional<std::string> fault_message(std::string_view body) {
  const auto json = wire::read_json_tree(body);
  const wire::Json* const found = json ? json->find("fault_message") : nullptr;
  const auto* const text = found == nullptr ? nullptr : found->as<std::string>();
  return text == nullptr ? std::nullopt : std::optional(*text);
}

}  // namespace

std::string_view fault_code(std::string_view text) noexcept {
  const auto row = std::ranges::find_if(kRows, [&](const Row& each) { return fits(each, text); });
  return row == kRows.end() ? "other" : row->code;
}

Error fault_of(const Reply& reply) {
  Error error{ErrorCode::Fault, 0, ""};
  if (const auto text = fault_message(reply.body)) {
    error.message = printable(*text, kMaxText);
    error.fault = fault_code(*text);
  } else {
    error.message = fmt::format("status {}: {}", reply.status, printable(reply.body, kMaxText));
    error.fault = reply.status == 503 ? "too_many_connections" : "http";
  }
  return error;
}

bool is_usable_after(const Reply& reply) noexcept {
  return reply.keeps_alive && !reply.body.starts_with("{ \"error\"") && reply.status < 500;
}

}  // namespace microvm::fcapi
