#include "host/vm/configuration.h"

#include "host/fcapi/bodies.h"

namespace microvm::vm {
namespace {

using fcapi::Client;

constexpr fcapi::Version kNewest{1, 17, 0};

template <class Body>
void add(std::vector<Call>& calls, std::string line, Result<void> (Client::*put)(const Body&), const Body& body) {
  calls.push_back({.line = std::move(line),
                   .body = [&body] { return fcapi::write_body(body, kNewest); },
                   .send = [put, &body](Client& vmm) { return (vmm.*put)(body); }});
}
template <class Body>
void add(std::vector<Call>& calls, const char* line, Result<void> (Client::*put)(const Body&),
         const std::optional<Body>& body) {
  if (body) add(calls, std::string(line), put, *body);
}

// The command line has no words for the rest.
bool needs_call(const fcapi::Metrics& metrics) { return metrics.emit_id.has_value() || !metrics.properties.empty(); }

const char* word_for(fcapi::LogLevel level) noexcept {
  using enum fcapi::LogLevel;
  switch (level) {
    case Error:
      return "Error";
    case Warning:
      return "Warning";
    case Info:
      return "Info";
    case Debug:
      return "Debug";
    case Trace:
      return "Trace";
    case Off:
      return "Off";
  }
  return "Info";
}

}  // namespace

std::vector<Call> configuration_of(const Spec& spec) {
  std::vector<Call> calls;
  const fcapi::VmConfig& config = spec.config;
  if (spec.metrics && needs_call(*spec.metrics))
    add(calls, std::string("PUT /metrics"), &Client::put_metrics, *spec.metrics);
  add(calls, "PUT /machine-config", &Client::put_machine_config, config.machine_config);
  add(calls, "PUT /cpu-config", &Client::put_cpu_config, spec.cpu_config);
  add(calls, "PUT /boot-source", &Client::put_boot_source, config.boot_source);
  for (const fcapi::Drive& drive : config.drives)
    add(calls, "PUT /drives/" + drive.drive_id, &Client::put_drive, drive);
  for (const fcapi::Pmem& pmem : config.pmem) add(calls, "PUT /pmem/" + pmem.id, &Client::put_pmem, pmem);
  for (const fcapi::NetworkInterface& iface : config.network_interfaces)
    add(calls, "PUT /network-interfaces/" + iface.iface_id, &Client::put_network_interface, iface);
  add(calls, "PUT /balloon", &Client::put_balloon, config.balloon);
  add(calls, "PUT /vsock", &Client::put_vsock, config.vsock);
  add(calls, "PUT /entropy", &Client::put_entropy, config.entropy);
  add(calls, "PUT /mmds/config", &Client::put_mmds_config, config.mmds_config);
  add(calls, "PUT /hotplug/memory", &Client::put_memory_hotplug, config.memory_hotplug);
  return calls;
}

std::vector<std::string> flags_of(const Spec& spec, const Sinks& sinks) {
  const fcapi::Logger logger = spec.logger.value_or(fcapi::Logger{});
  std::vector<std::string> words{"--log-path", logger.log_path.value_or(sinks.log)};
  if (logger.level) words.insert(words.end(), {"--level", word_for(*logger.level)});
  if (logger.show_level.value_or(true)) words.emplace_back("--show-level");
  if (logger.show_log_origin.value_or(false)) words.emplace_back("--show-log-origin");
  if (logger.module) words.insert(words.end(), {"--module", *logger.module});
  if (!spec.metrics || !needs_call(*spec.metrics))
    words.insert(words.end(), {"--metrics-path", spec.metrics ? spec.metrics->metrics_path : sinks.metrics});
  return words;
}

}  // namespace microvm::vm
