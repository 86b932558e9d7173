// The paths of a spec.
#pragma once

#include <string>
#include <string_view>

#include "microvm/runtime_types.h"

namespace microvm::spec {

/// `path` below `base` where it is relative, without empty and "." parts. ".." stays: what it means depends on symbolic
/// links. An empty path stays empty.
std::string absolute(std::string_view base, std::string_view path);

/// Calls `visit(path, name)` for every path in a spec, whose name is that of its member.
template <class Spec, class Visit>
void each_path(Spec& spec, const Visit& visit) {
  const auto maybe = [&](auto& path, std::string_view name) {
    if (path) visit(*path, name);
  };
  auto& config = spec.config;
  if (config.boot_source) {
    visit(config.boot_source->kernel_image_path, "boot-source.kernel_image_path");
    maybe(config.boot_source->initrd_path, "boot-source.initrd_path");
  }
  for (auto& drive : config.drives) {
    maybe(drive.path_on_host, "drives.path_on_host");
    maybe(drive.socket, "drives.socket");
  }
  for (auto& pmem : config.pmem) visit(pmem.path_on_host, "pmem.path_on_host");
  if (config.vsock) visit(config.vsock->uds_path, "vsock.uds_path");
  if (spec.logger) maybe(spec.logger->log_path, "logger.log_path");
  if (spec.metrics) visit(spec.metrics->metrics_path, "metrics.metrics_path");
  for (auto& file : spec.metadata.env_files) visit(file, "microvm.metadata.env_file");
  for (auto& [name, file] : spec.metadata.secrets) visit(file, "microvm.metadata.secrets");
}

}  // namespace microvm::spec
