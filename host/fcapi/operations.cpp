// Every operation of the API: its route, and what goes with it.
#include <sys/stat.h>

#include "host/fcapi/client.h"

namespace microvm::fcapi {

Result<InstanceInfo> Client::get_instance_info() { return impl_->get<InstanceInfo>(route("GET /")); }
Result<FirecrackerVersion> Client::get_version() { return impl_->get<FirecrackerVersion>(route("GET /version")); }
Result<VmConfig> Client::get_vm_config() { return impl_->get<VmConfig>(route("GET /vm/config")); }
Result<void> Client::put_action(const Action& action) { return impl_->send(route("PUT /actions"), action); }
Result<void> Client::patch_vm(const VmPatch& target) { return impl_->send(route("PATCH /vm"), target); }

Result<void> Client::put_boot_source(const BootSource& source) {
  return impl_->send(route("PUT /boot-source"), source);
}
Result<MachineConfig> Client::get_machine_config() { return impl_->get<MachineConfig>(route("GET /machine-config")); }
Result<void> Client::put_machine_config(const MachineConfig& config) {
  return impl_->send(route("PUT /machine-config"), config);
}
Result<void> Client::patch_machine_config(const MachineConfigPatch& patch) {
  return impl_->send(route("PATCH /machine-config"), patch);
}
Result<void> Client::put_cpu_config(const CpuConfig& config) { return impl_->send(route("PUT /cpu-config"), config); }

Result<void> Client::put_drive(const Drive& drive) {
  return impl_->send(route("PUT /drives/{id}"), drive, drive.drive_id);
}
Result<void> Client::patch_drive(const DrivePatch& patch) {
  return impl_->send(route("PATCH /drives/{id}"), patch, patch.drive_id);
}
Result<void> Client::delete_drive(std::string_view drive_id) {
  return impl_->send_empty(route("DELETE /drives/{id}"), drive_id);
}
Result<void> Client::put_network_interface(const NetworkInterface& iface) {
  return impl_->send(route("PUT /network-interfaces/{id}"), iface, iface.iface_id);
}
Result<void> Client::patch_network_interface(const NetworkInterfacePatch& patch) {
  return impl_->send(route("PATCH /network-interfaces/{id}"), patch, patch.iface_id);
}
Result<void> Client::delete_network_interface(std::string_view iface_id) {
  return impl_->send_empty(route("DELETE /network-interfaces/{id}"), iface_id);
}
Result<void> Client::put_pmem(const Pmem& pmem) { return impl_->send(route("PUT /pmem/{id}"), pmem, pmem.id); }
Result<void> Client::patch_pmem(const PmemPatch& patch) {
  return impl_->send(route("PATCH /pmem/{id}"), patch, patch.id);
}
Result<void> Client::delete_pmem(std::string_view id) { return impl_->send_empty(route("DELETE /pmem/{id}"), id); }
Result<void> Client::put_vsock(const Vsock& vsock) { return impl_->send(route("PUT /vsock"), vsock); }
Result<void> Client::put_entropy(const Entropy& entropy) { return impl_->send(route("PUT /entropy"), entropy); }
Result<void> Client::put_serial(const Serial& serial) { return impl_->send(route("PUT /serial"), serial); }

Result<Balloon> Client::get_balloon() { return impl_->get<Balloon>(route("GET /balloon")); }
Result<void> Client::put_balloon(const Balloon& balloon) { return impl_->send(route("PUT /balloon"), balloon); }
Result<void> Client::patch_balloon(const BalloonPatch& patch) { return impl_->send(route("PATCH /balloon"), patch); }
Result<BalloonStatistics> Client::get_balloon_statistics() {
  return impl_->get<BalloonStatistics>(route("GET /balloon/statistics"));
}
Result<void> Client::patch_balloon_statistics(const BalloonStatisticsPatch& patch) {
  return impl_->send(route("PATCH /balloon/statistics"), patch);
}
Result<void> Client::start_balloon_hinting(const HintingStart& start) {
  return impl_->send(route("PATCH /balloon/hinting/start"), start);
}
Result<void> Client::stop_balloon_hinting() { return impl_->send_empty(route("PATCH /balloon/hinting/stop")); }
Result<HintingStatus> Client::get_balloon_hinting_status() {
  return impl_->get<HintingStatus>(route("GET /balloon/hinting/status"));
}
Result<MemoryHotplugStatus> Client::get_memory_hotplug() {
  return impl_->get<MemoryHotplugStatus>(route("GET /hotplug/memory"));
}
Result<void> Client::put_memory_hotplug(const MemoryHotplug& config) {
  return impl_->send(route("PUT /hotplug/memory"), config);
}
Result<void> Client::patch_memory_hotplug(const MemoryHotplugPatch& patch) {
  return impl_->send(route("PATCH /hotplug/memory"), patch);
}

Result<void> Client::put_logger(const Logger& logger) { return impl_->send(route("PUT /logger"), logger); }
Result<void> Client::put_metrics(const Metrics& metrics) { return impl_->send(route("PUT /metrics"), metrics); }
Result<void> Client::put_mmds_config(const MmdsConfig& config) {
  return impl_->send(route("PUT /mmds/config"), config);
}
Result<Json> Client::get_mmds() { return impl_->get<Json>(route("GET /mmds")); }
Result<void> Client::put_mmds(const Json& store) { return impl_->send(route("PUT /mmds"), store); }
Result<void> Client::patch_mmds(const Json& merge_patch) { return impl_->send(route("PATCH /mmds"), merge_patch); }

Result<void> Client::create_snapshot(const SnapshotCreate& create) {
  std::uint64_t size = impl_->mem_size_mib();
  if (size == 0) {
    const auto config = get_machine_config();
    if (!config) return std::unexpected(config.error());
    size = config->mem_size_mib;
  }
  return impl_->send(route("PUT /snapshot/create"), create, {}, size);
}

Result<void> Client::load_snapshot(const SnapshotLoad& load) {
  std::uint64_t size = impl_->mem_size_mib();
  const std::string& memory = load.mem_backend ? load.mem_backend->backend_path : load.mem_file_path.value_or("");
  struct stat file{};
  // As the VMM in its jail sees another tree, this may find nothing, and then the deadline is that of a small guest.
  if (size == 0 && ::stat(memory.c_str(), &file) == 0) size = static_cast<std::uint64_t>(file.st_size) >> 20U;
  return impl_->send(route("PUT /snapshot/load"), load, {}, size);
}

}  // namespace microvm::fcapi
