// Rules of a whole spec.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "common/base/printable.h"
#include "host/fcapi/rules.h"
#include "host/spec/document.h"
#include "host/spec/limits.h"
#include "host/spec/paths.h"
#include "microvm/spec.h"

namespace microvm {
namespace spec {
namespace {

// What is in there twice; empty when nothing is.
template <class Item>
std::string repeated(const std::vector<Item>& items, std::string Item::* id) {
  std::set<std::string_view> seen;
  for (const Item& item : items)
    if (!seen.insert(item.*id).second) return item.*id;
  return {};
}

std::string paths_rule(const Spec& vm) {
  std::string fault;
  each_path(vm, [&](const std::string& path, std::string_view name) {
    if (fault.empty() && !path.empty() && !path.starts_with('/')) fault = fmt::format("{} must be absolute", name);
  });
  return fault;
}

std::string boot_source_rule(const Spec& vm) { return vm.config.boot_source ? "" : "boot-source is missing"; }

std::string root_device_rule(const Spec& vm) {
  const auto roots = std::ranges::count_if(vm.config.drives, &fcapi::Drive::is_root_device) +
                     std::ranges::count_if(vm.config.pmem, [](const auto& p) { return p.root_device.value_or(false); });
  return roots <= 1 ? "" : "drives and pmem have more than one root device";
}

std::string ids_rule(const Spec& vm) {
  const auto& config = vm.config;
  if (const auto id = repeated(config.drives, &fcapi::Drive::drive_id); !id.empty())
    return fmt::format("drives: two of them are \"{}\"", printable(id, 64));
  if (const auto id = repeated(config.pmem, &fcapi::Pmem::id); !id.empty())
    return fmt::format("pmem: two of them are \"{}\"", printable(id, 64));
  if (const auto id = repeated(config.network_interfaces, &fcapi::NetworkInterface::iface_id); !id.empty())
    return fmt::format("network-interfaces: two of them are \"{}\"", printable(id, 64));
  return {};
}

std::string balloon_rule(const Spec& vm) {
  const std::uint64_t memory = vm.config.machine_config.value_or(fcapi::MachineConfig()).mem_size_mib;
  const bool fits = !vm.config.balloon || vm.config.balloon->amount_mib <= memory;
  return fits ? "" : fmt::format("balloon.amount_mib must be at most the guest's memory, {} MiB", memory);
}

std::string mmds_rule(const Spec& vm) {
  const auto& interfaces = vm.config.network_interfaces;
  if (!vm.config.mmds_config) return {};
  for (const std::string& id : vm.config.mmds_config->network_interfaces)
    if (std::ranges::find(interfaces, id, &fcapi::NetworkInterface::iface_id) == interfaces.end())
      return fmt::format("mmds-config.network_interfaces: there is no \"{}\"", printable(id, 64));
  return {};
}

std::string vsock_rule(const Spec& vm) {
  if (!vm.config.vsock) return {};
  const bool fits = vm.config.vsock->uds_path.size() + kMaxPortSuffix <= fcapi::kMaxSocketPath;
  return fits ? ""
              : fmt::format("vsock.uds_path must be at most {} bytes as an absolute path: a port is added to it",
                            fcapi::kMaxSocketPath - kMaxPortSuffix);
}

constexpr auto kRules = std::to_array<std::string (*)(const Spec&)>(
    {paths_rule, boot_source_rule, root_device_rule, ids_rule, balloon_rule, mmds_rule, vsock_rule});

}  // namespace
}  // namespace spec

Result<void> check_spec(const Spec& vm) {
  for (const auto rule : spec::kRules)
    if (std::string fault = rule(vm); !fault.empty()) return std::unexpected(Error{ErrorCode::Invalid, 0, fault});
  return spec::check_document(vm);
}

Result<void> check_id(std::string_view id) {
  const auto is_allowed = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; };
  if (!id.empty() && id.size() <= spec::kMaxId && std::ranges::all_of(id, is_allowed)) return {};
  return std::unexpected(
      Error{ErrorCode::Invalid, 0,
            fmt::format("\"{}\" is no id: 1 to {} of a-z, 0-9 and '-'", printable(id, 80), spec::kMaxId)});
}

}  // namespace microvm
