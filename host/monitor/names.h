// What the monitor calls its files: docs/state.md.
#pragma once

namespace microvm::monitor {

// In the state directory.
inline constexpr const char* kExitFile = "exit.json";
inline constexpr const char* kConsoleLog = "console.log";
inline constexpr const char* kVmmLog = "vmm.log";

// In the run directory.
inline constexpr const char* kMonitorFile = "monitor";
inline constexpr const char* kVmmFile = "vmm";
inline constexpr const char* kIntentFile = "intent";
inline constexpr const char* kCgroupFile = "cgroup";
inline constexpr const char* kNoticeFile = "notice";
inline constexpr const char* kMetricsFile = "metrics.prom";
inline constexpr const char* kSocket = "monitor.sock";
inline constexpr const char* kConsoleFifo = "console";
inline constexpr const char* kInputFifo = "console.in";
inline constexpr const char* kLogFifo = "log";
inline constexpr const char* kMetricsFifo = "metrics";
inline constexpr const char* kFifos[] = {kConsoleFifo, kInputFifo, kLogFifo, kMetricsFifo};

}  // namespace microvm::monitor
