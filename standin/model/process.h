// What the process itself is asked: actions, states, snapshots, logger, metrics.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "standin/model/text_rules.h"

namespace microvm::standin {

enum class ActionType : std::uint8_t { FlushMetrics, InstanceStart, SendCtrlAltDel };
struct Action {
  ActionType action_type = ActionType::FlushMetrics;
};

enum class WantedState : std::uint8_t { Paused, Resumed };
struct StateChange {
  WantedState state = WantedState::Paused;
};

struct LoggerConfig {
  std::optional<Path> log_path;
  std::optional<LogLevel> level;
  std::optional<bool> show_level;
  std::optional<bool> show_log_origin;
  std::optional<std::string> module;
};

struct MetricsConfig {
  Path metrics_path;
};

enum class SnapshotType : std::uint8_t { Diff, Full };
struct SnapshotCreate {
  SnapshotType snapshot_type = SnapshotType::Full;
  Path snapshot_path;
  Path mem_file_path;
};

enum class MemoryBackendType : std::uint8_t { File, Uffd };
struct MemoryBackend {
  Path backend_path;
  MemoryBackendType backend_type = MemoryBackendType::File;
};
struct NetworkOverride {
  std::string iface_id;
  std::string host_dev_name;
};
struct VsockOverride {
  std::string uds_path;
};
struct SnapshotLoad {
  Path snapshot_path;
  std::optional<Path> mem_file_path;  ///< deprecated
  std::optional<MemoryBackend> mem_backend;
  bool enable_diff_snapshots = false;  ///< deprecated
  bool track_dirty_pages = false;
  bool resume_vm = false;
  std::vector<NetworkOverride> network_overrides;
  std::optional<VsockOverride> vsock_override;
  bool clock_realtime = false;
};

const json::Names& describe(const ActionType*);
const json::Object& describe(const Action*);
const json::Names& describe(const WantedState*);
const json::Object& describe(const StateChange*);
const json::Object& describe(const LoggerConfig*);
const json::Object& describe(const MetricsConfig*);
const json::Names& describe(const SnapshotType*);
const json::Object& describe(const SnapshotCreate*);
const json::Names& describe(const MemoryBackendType*);
const json::Object& describe(const MemoryBackend*);
const json::Object& describe(const NetworkOverride*);
const json::Object& describe(const VsockOverride*);
const json::Object& describe(const SnapshotLoad*);

}  // namespace microvm::standin
