#include "standin/model/process.h"

#include <array>

namespace microvm::standin {
namespace {

using json::member;
using json::Presence;

constexpr std::array<std::string_view, 3> kActionTypes = {"FlushMetrics", "InstanceStart", "SendCtrlAltDel"};
constexpr std::array kAction = {member<&Action::action_type>("action_type")};
constexpr std::array<std::string_view, 2> kWantedStates = {"Paused", "Resumed"};
constexpr std::array kStateChange = {member<&StateChange::state>("state")};
constexpr std::array kLoggerConfig = {
    member<&LoggerConfig::log_path>("log_path"),     member<&LoggerConfig::level>("level"),
    member<&LoggerConfig::show_level>("show_level"), member<&LoggerConfig::show_log_origin>("show_log_origin"),
    member<&LoggerConfig::module>("module"),
};
constexpr std::array kMetricsConfig = {member<&MetricsConfig::metrics_path>("metrics_path")};
constexpr std::array<std::string_view, 2> kSnapshotTypes = {"Diff", "Full"};
constexpr std::array kSnapshotCreate = {
    member<&SnapshotCreate::snapshot_type>("snapshot_type", Presence::Default),
    member<&SnapshotCreate::snapshot_path>("snapshot_path"),
    member<&SnapshotCreate::mem_file_path>("mem_file_path"),
};
constexpr std::array<std::string_view, 2> kMemoryBackendTypes = {"File", "Uffd"};
constexpr std::array kMemoryBackend = {
    member<&MemoryBackend::backend_path>("backend_path"),
    member<&MemoryBackend::backend_type>("backend_type"),
};
constexpr std::array kNetworkOverride = {
    member<&NetworkOverride::iface_id>("iface_id"),
    member<&NetworkOverride::host_dev_name>("host_dev_name"),
};
constexpr std::array kVsockOverride = {member<&VsockOverride::uds_path>("uds_path")};
constexpr std::array kSnapshotLoad = {
    member<&SnapshotLoad::snapshot_path>("snapshot_path"),
    member<&SnapshotLoad::mem_file_path>("mem_file_path"),
    member<&SnapshotLoad::mem_backend>("mem_backend"),
    member<&SnapshotLoad::enable_diff_snapshots>("enable_diff_snapshots", Presence::Default),
    member<&SnapshotLoad::track_dirty_pages>("track_dirty_pages", Presence::Default),
    member<&SnapshotLoad::resume_vm>("resume_vm", Presence::Default),
    member<&SnapshotLoad::network_overrides>("network_overrides", Presence::Default),
    member<&SnapshotLoad::vsock_override>("vsock_override"),
    member<&SnapshotLoad::clock_realtime>("clock_realtime", Presence::Default),
};

constexpr json::Names kActionTypeNames{kActionTypes};
constexpr json::Object kActionObject{"ActionBody", kAction};
constexpr json::Names kWantedStateNames{kWantedStates};
constexpr json::Object kStateChangeObject{"Vm", kStateChange};
constexpr json::Object kLoggerConfigObject{"LoggerConfig", kLoggerConfig};
constexpr json::Object kMetricsConfigObject{"MetricsConfig", kMetricsConfig, true};
constexpr json::Names kSnapshotTypeNames{kSnapshotTypes};
constexpr json::Object kSnapshotCreateObject{"CreateSnapshotParams", kSnapshotCreate};
constexpr json::Names kMemoryBackendTypeNames{kMemoryBackendTypes};
constexpr json::Object kMemoryBackendObject{"MemBackendConfig", kMemoryBackend};
constexpr json::Object kNetworkOverrideObject{"NetworkOverride", kNetworkOverride, true};
constexpr json::Object kVsockOverrideObject{"VsockOverride", kVsockOverride, true};
constexpr json::Object kSnapshotLoadObject{"LoadSnapshotConfig", kSnapshotLoad};

}  // namespace

const json::Names& describe(const ActionType* /*type*/) { return kActionTypeNames; }
const json::Object& describe(const Action* /*type*/) { return kActionObject; }
const json::Names& describe(const WantedState* /*type*/) { return kWantedStateNames; }
const json::Object& describe(const StateChange* /*type*/) { return kStateChangeObject; }
const json::Object& describe(const LoggerConfig* /*type*/) { return kLoggerConfigObject; }
const json::Object& describe(const MetricsConfig* /*type*/) { return kMetricsConfigObject; }
const json::Names& describe(const SnapshotType* /*type*/) { return kSnapshotTypeNames; }
const json::Object& describe(const SnapshotCreate* /*type*/) { return kSnapshotCreateObject; }
const json::Names& describe(const MemoryBackendType* /*type*/) { return kMemoryBackendTypeNames; }
const json::Object& describe(const MemoryBackend* /*type*/) { return kMemoryBackendObject; }
const json::Object& describe(const NetworkOverride* /*type*/) { return kNetworkOverrideObject; }
const json::Object& describe(const VsockOverride* /*type*/) { return kVsockOverrideObject; }
const json::Object& describe(const SnapshotLoad* /*type*/) { return kSnapshotLoadObject; }

}  // namespace microvm::standin
