#include "standin/api/routes.h"

#include <array>
#include <type_traits>

#include "standin/api/checks.h"
#include "standin/vmm/actions.h"

namespace microvm::standin {
namespace {

using http::Method;

// What a route does in one phase, and how its refusals begin. A phase in which it does nothing refuses by itself.
template <auto function, const char* prefix_text = nullptr>
struct Step {
  static constexpr auto kRun = function;
  static constexpr const char* kPrefix = prefix_text;
};
struct Never {};

std::unexpected<Fault> too_early() {
  return refuse("OperationNotSupportedPreBoot",
                "The requested operation is not supported before starting the microVM.");
}
std::unexpected<Fault> too_late() {
  return refuse("OperationNotSupportedPostBoot",
                "The requested operation is not supported after starting the microVM.");
}

Result<std::string> named(Result<std::string> reply, const char* prefix) {
  if (reply || prefix == nullptr) return reply;
  return std::unexpected(std::move(reply.error()).behind(prefix));
}
Result<std::string> named(Done done, const char* prefix) {
  if (done) return "";
  return named(Result<std::string>(std::unexpected(std::move(done.error()))), prefix);
}

template <class Before, class After, class... Arguments>
Result<std::string> run(Vmm& vmm, Arguments&... arguments) {
  if (!vmm.booted()) {
    if constexpr (std::is_same_v<Before, Never>) {
      return too_early();
    } else {
      return named(Before::kRun(vmm, arguments...), Before::kPrefix);
    }
  }
  if constexpr (std::is_same_v<After, Never>) {
    return too_late();
  } else {
    return named(After::kRun(vmm, arguments...), After::kPrefix);
  }
}

template <class Before, class After>
Outcome ask(Vmm& vmm, const Call& /*call*/) {
  return {run<Before, After>(vmm)};
}

template <class Body>
Result<Body> read_body(const Call& call) {
  Body body{};
  json::Reader in(*call.body);
  if (json::read(in, body) && in.end()) return body;
  return std::unexpected(deserialization_fault(in.failure()));
}

template <class Body>
Result<std::string> no_check(Body& /*body*/, const Call& /*call*/) {
  return "";
}

template <class Body, class Before, class After, auto check = no_check<Body>>
Outcome tell(Vmm& vmm, const Call& call) {
  auto body = read_body<Body>(call);
  if (!body) return not_understood(std::move(body.error()));
  auto notice = check(*body, call);
  if (!notice) return not_understood(std::move(notice.error()));
  return {run<Before, After>(vmm, *body), true, std::move(*notice)};
}

// The same for a device that the path names.
template <class Body, class Before, class After, auto check>
Outcome tell_device(Vmm& vmm, const Call& call) {
  auto id = checked_id(call);
  if (!id) return not_understood(std::move(id.error()));
  return tell<Body, Before, After, check>(vmm, call);
}

template <DeviceKind kind>
Outcome unplug_device(Vmm& vmm, const Call& call) {
  auto id = checked_id(call);
  if (!id) return not_understood(std::move(id.error()));
  if (!vmm.booted()) return {too_early()};
  return {named(unplug(vmm, kind, *id), nullptr)};
}

constexpr char kBalloonConfig[] = "Balloon config error: ";
constexpr char kBalloonUpdate[] = "Balloon update error: ";
constexpr char kBootSource[] = "Boot source error: ";
constexpr char kCreateSnapshot[] = "Create snapshot error: ";
constexpr char kDriveConfig[] = "Drive config error: ";
constexpr char kEntropyConfig[] = "Entropy config error: ";
constexpr char kInternal[] = "Internal VMM error: ";
constexpr char kLoadSnapshot[] = "Load snapshot error: ";
constexpr char kLogger[] = "Logger error: ";
constexpr char kMachineConfig[] = "Machine config error: ";
constexpr char kMemoryConfig[] = "Memory hotplug config error: ";
constexpr char kMemoryUpdate[] = "Memory hotplug update error: ";
constexpr char kMetrics[] = "Metrics error: ";
constexpr char kMmdsConfig[] = "MMMDS config error: ";
constexpr char kNetworkConfig[] = "Network config error: ";
constexpr char kPmemConfig[] = "Pmem config error: ";
constexpr char kStart[] = "Start microvm error: ";
constexpr char kVsockConfig[] = "Vsock config error: ";

Done set_whole_machine(Vmm& vmm, const MachineConfig& machine) {
  return set_machine_config(vmm, {machine.vcpu_count, machine.mem_size, machine.smt, machine.cpu_template,
                                  machine.track_dirty_pages, machine.huge_pages});
}
Done set_logger(Vmm& vmm, const LoggerConfig& config) { return vmm.log.update(config); }
Done set_metrics(Vmm& vmm, const MetricsConfig& config) { return vmm.metrics.init(config); }

Outcome act(Vmm& vmm, const Call& call) {
  auto body = read_body<Action>(call);
  if (!body) return not_understood(std::move(body.error()));
  switch (body->action_type) {
    case ActionType::FlushMetrics:
      return {run<Never, Step<flush_metrics, kInternal>>(vmm)};
    case ActionType::InstanceStart:
      return {run<Step<start, kStart>, Never>(vmm)};
    case ActionType::SendCtrlAltDel:
      return {run<Never, Step<send_ctrl_alt_del, kInternal>>(vmm)};
  }
  return {""};
}

Outcome change_state(Vmm& vmm, const Call& call) {
  auto body = read_body<StateChange>(call);
  if (!body) return not_understood(std::move(body.error()));
  if (body->state == WantedState::Paused) return {run<Never, Step<pause, kInternal>>(vmm), true, {}, "pause_vm"};
  return {run<Never, Step<resume, kInternal>>(vmm), true, {}, "resume_vm"};
}

Outcome take_snapshot(Vmm& vmm, const Call& call) {
  auto body = read_body<SnapshotCreate>(call);
  if (!body) return not_understood(std::move(body.error()));
  const bool full = body->snapshot_type == SnapshotType::Full;
  return {run<Never, Step<create_snapshot, kCreateSnapshot>>(vmm, *body),
          true,
          {},
          full ? "full_create_snapshot" : "diff_create_snapshot"};
}

Outcome become_snapshot(Vmm& vmm, const Call& call) {
  Outcome outcome = tell<SnapshotLoad, Step<load_snapshot, kLoadSnapshot>, Never, load_notice>(vmm, call);
  outcome.timed = "load_snapshot";
  return outcome;
}

// Its body may be missing.
Outcome begin_hinting(Vmm& vmm, const Call& call) {
  StartHinting command;
  if (call.body != nullptr) {
    auto body = read_body<StartHinting>(call);
    if (!body) return not_understood(std::move(body.error()));
    command = *body;
  }
  return {run<Never, Step<start_hinting, kBalloonUpdate>>(vmm, command)};
}

Outcome unrecognized(const Call& call, const std::string& path) {
  return not_understood(
      bad_request("Unrecognized " + std::string(http::upper_name(call.method)) + " request path `" + path + "`."));
}
Outcome unrecognized_second(Vmm& /*vmm*/, const Call& call) { return unrecognized(call, std::string(call.part(1))); }
Outcome unrecognized_hinting(Vmm& /*vmm*/, const Call& call) {
  return unrecognized(call, "/hinting/" + std::string(call.part(2)));
}
Outcome unrecognized_snapshot(Vmm& /*vmm*/, const Call& call) {
  return unknown_route(call, "/snapshot/" + std::string(call.part(1)));
}
Outcome missing_snapshot(Vmm& /*vmm*/, const Call& /*call*/) {
  return not_understood(bad_request("Missing snapshot operation type."));
}

enum class Rest : std::uint8_t { Ignored, None };
enum class Body : std::uint8_t { No, Yes, Any };

struct Route {
  Method method;
  std::array<std::string_view, 3> path;  ///< empty parts are not compared
  Rest rest;
  Body body;
  Outcome (*handle)(Vmm& vmm, const Call& call);
  std::string_view metric{};  ///< what its requests are counted as
};

constexpr auto kGet = Method::Get;
constexpr auto kPut = Method::Put;
constexpr auto kPatch = Method::Patch;
constexpr auto kDelete = Method::Delete;
constexpr auto kIgnored = Rest::Ignored;

// The first that fits is taken.
constexpr Route kRoutes[] = {
    {kGet, {}, Rest::None, Body::No, ask<Step<instance_info>, Step<instance_info>>, "instance_info"},
    {kGet, {"balloon", "statistics"}, kIgnored, Body::No, ask<Never, Step<balloon_stats, kInternal>>},
    {kGet, {"balloon", "hinting", "status"}, kIgnored, Body::No, ask<Never, Step<hinting_status, kBalloonUpdate>>},
    {kGet, {"balloon", "hinting"}, kIgnored, Body::No, unrecognized_hinting},
    {kGet, {"balloon"}, Rest::None, Body::No, ask<Step<balloon_config>, Step<balloon_config>>},
    {kGet, {"balloon"}, kIgnored, Body::No, unrecognized_second},
    {kGet, {"version"}, kIgnored, Body::No, ask<Step<version>, Step<version>>, "vmm_version"},
    {kGet, {"vm", "config"}, kIgnored, Body::No, ask<Step<full_config>, Step<full_config>>},
    {kGet, {"machine-config"}, kIgnored, Body::No, ask<Step<machine_config>, Step<machine_config>>, "machine_cfg"},
    {kGet, {"mmds"}, kIgnored, Body::No, ask<Step<mmds_data>, Step<mmds_data>>, "mmds"},
    {kGet,
     {"hotplug", "memory"},
     kIgnored,
     Body::No,
     ask<Never, Step<memory_hotplug_status, kInternal>>,
     "hotplug_memory"},

    {kPut, {"actions"}, kIgnored, Body::Yes, act, "actions"},
    {kPut, {"balloon"}, kIgnored, Body::Yes, tell<Balloon, Step<set_balloon, kBalloonConfig>, Never>},
    {kPut,
     {"boot-source"},
     kIgnored,
     Body::Yes,
     tell<BootSource, Step<set_boot_source, kBootSource>, Never>,
     "boot_source"},
    {kPut, {"cpu-config"}, kIgnored, Body::Yes, tell<CustomCpuTemplate, Step<set_cpu_template>, Never>, "cpu_cfg"},
    {kPut,
     {"drives"},
     kIgnored,
     Body::Yes,
     tell_device<Drive, Step<set_drive, kDriveConfig>, Step<plug_drive>, same_drive>,
     "drive"},
    {kPut,
     {"pmem"},
     kIgnored,
     Body::Yes,
     tell_device<Pmem, Step<set_pmem, kPmemConfig>, Step<plug_pmem>, same_pmem>,
     "pmem"},
    {kPut, {"logger"}, kIgnored, Body::Yes, tell<LoggerConfig, Step<set_logger, kLogger>, Never>, "logger"},
    {kPut, {"serial"}, kIgnored, Body::Yes, tell<Serial, Step<set_serial>, Never>, "serial"},
    {kPut,
     {"machine-config"},
     kIgnored,
     Body::Yes,
     tell<MachineConfig, Step<set_whole_machine, kMachineConfig>, Never, machine_notice>,
     "machine_cfg"},
    {kPut, {"metrics"}, kIgnored, Body::Yes, tell<MetricsConfig, Step<set_metrics, kMetrics>, Never>, "metrics"},
    {kPut, {"mmds"}, Rest::None, Body::Yes, tell<json::Value, Step<put_mmds>, Step<put_mmds>>, "mmds"},
    {kPut,
     {"mmds", "config"},
     kIgnored,
     Body::Yes,
     tell<MmdsConfig, Step<set_mmds_config, kMmdsConfig>, Never, mmds_notice>,
     "mmds"},
    {kPut, {"mmds"}, kIgnored, Body::Yes, unrecognized_second, "mmds"},
    {kPut,
     {"network-interfaces"},
     kIgnored,
     Body::Yes,
     tell_device<NetworkInterface, Step<set_interface, kNetworkConfig>, Step<plug_interface>, same_interface>,
     "network"},
    {kPut, {"snapshot", "create"}, kIgnored, Body::Yes, take_snapshot},
    {kPut, {"snapshot", "load"}, kIgnored, Body::Yes, become_snapshot},
    {kPut, {"snapshot"}, Rest::None, Body::Yes, missing_snapshot},
    {kPut, {"snapshot"}, kIgnored, Body::Yes, unrecognized_snapshot},
    {kPut, {"vsock"}, kIgnored, Body::Yes, tell<Vsock, Step<set_vsock, kVsockConfig>, Never, vsock_notice>, "vsock"},
    {kPut, {"entropy"}, kIgnored, Body::Yes, tell<Entropy, Step<set_entropy, kEntropyConfig>, Never>},
    {kPut,
     {"hotplug", "memory"},
     kIgnored,
     Body::Yes,
     tell<MemoryHotplug, Step<set_memory_hotplug, kMemoryConfig>, Never>,
     "hotplug_memory"},

    {kPatch,
     {"balloon", "statistics"},
     kIgnored,
     Body::Yes,
     tell<BalloonStatsUpdate, Never, Step<update_balloon_stats, kBalloonUpdate>>},
    {kPatch, {"balloon", "hinting", "start"}, kIgnored, Body::Any, begin_hinting},
    {kPatch, {"balloon", "hinting", "stop"}, kIgnored, Body::Any, ask<Never, Step<stop_hinting, kBalloonUpdate>>},
    {kPatch, {"balloon", "hinting"}, kIgnored, Body::Any, unrecognized_hinting},
    {kPatch, {"balloon"}, kIgnored, Body::Yes, tell<BalloonUpdate, Never, Step<update_balloon, kBalloonUpdate>>},
    {kPatch,
     {"drives"},
     kIgnored,
     Body::Yes,
     tell_device<DriveUpdate, Never, Step<update_drive, kDriveConfig>, same_drive_update>,
     "drive"},
    {kPatch,
     {"machine-config"},
     kIgnored,
     Body::Yes,
     tell<MachineConfigUpdate, Step<set_machine_config, kMachineConfig>, Never, machine_update_notice>,
     "machine_cfg"},
    {kPatch, {"mmds"}, kIgnored, Body::Yes, tell<json::Value, Step<patch_mmds>, Step<patch_mmds>>, "mmds"},
    {kPatch,
     {"network-interfaces"},
     kIgnored,
     Body::Yes,
     tell_device<NetworkInterfaceUpdate, Never, Step<update_interface, kNetworkConfig>, same_interface_update>,
     "network"},
    {kPatch,
     {"pmem"},
     kIgnored,
     Body::Yes,
     tell_device<PmemUpdate, Never, Step<update_pmem, kPmemConfig>, same_pmem_update>,
     "pmem"},
    {kPatch, {"vm"}, kIgnored, Body::Yes, change_state},
    {kPatch,
     {"hotplug", "memory"},
     kIgnored,
     Body::Yes,
     tell<MemoryHotplugUpdate, Never, Step<update_memory_hotplug, kMemoryUpdate>>,
     "hotplug_memory"},

    {kDelete, {"drives"}, kIgnored, Body::No, unplug_device<DeviceKind::Drive>},
    {kDelete, {"pmem"}, kIgnored, Body::No, unplug_device<DeviceKind::Pmem>},
    {kDelete, {"network-interfaces"}, kIgnored, Body::No, unplug_device<DeviceKind::NetworkInterface>},
};

bool fits(const Route& route, const Call& call) {
  if (route.method != call.method) return false;
  if (route.body != Body::Any && (route.body == Body::Yes) != (call.body != nullptr)) return false;
  std::size_t n = 0;
  for (; n < route.path.size() && !route.path[n].empty(); ++n)
    if (call.part(n) != route.path[n]) return false;
  return route.rest == Rest::Ignored || call.parts.size() == n;
}

// A body where there must be none, or none where there must be one, is told first.
Outcome no_route(const Call& call) {
  const bool has_body = call.body != nullptr;
  if (call.method == kGet && has_body) return not_understood(bad_request("GET request cannot have a body."));
  if (call.method == kPut && !has_body) return not_understood(bad_request("Empty PUT request."));
  if (call.method == kPatch && !has_body) return not_understood(bad_request("Empty PATCH request."));
  if (call.method == kDelete && has_body) return not_understood(bad_request("Empty Delete request."));
  return unknown_route(call, call.part(0));
}

constexpr std::array<std::string_view, 4> kMetricGroups = {"get_api_requests.", "put_api_requests.",
                                                           "patch_api_requests.", ""};

void count(Vmm& vmm, const Route& route, const Outcome& outcome) {
  if (!outcome.deprecation.empty()) vmm.metrics.count("deprecated_api.deprecated_http_api_calls");
  if (route.metric.empty()) return;
  const std::string name =
      std::string(kMetricGroups[static_cast<std::size_t>(route.method)]) + std::string(route.metric);
  vmm.metrics.count(name + "_count");
  if (!outcome.understood) vmm.metrics.count(name + "_fails");
}

}  // namespace

Outcome dispatch(Vmm& vmm, const Call& call) {
  for (const Route& route : kRoutes) {
    if (!fits(route, call)) continue;
    Outcome outcome = route.handle(vmm, call);
    count(vmm, route, outcome);
    return outcome;
  }
  return no_route(call);
}

}  // namespace microvm::standin
