// What a microVM can be asked. Each takes a body that was read, and is called only in the phase it belongs to.
//
// The setters name what they refuse without the prefix of where they were called from: the API and a configuration file
// have prefixes of their own.
#pragma once

#include "standin/vmm/vmm.h"

namespace microvm::standin {

// Before boot: configuration (configure_*.cpp).
Done set_machine_config(Vmm& vmm, const MachineConfigUpdate& update);
Done set_cpu_template(Vmm& vmm, const CustomCpuTemplate& cpu_template);
Done set_boot_source(Vmm& vmm, const BootSource& source);
Done set_drive(Vmm& vmm, const Drive& drive);
Done set_interface(Vmm& vmm, const NetworkInterface& interface);
Done set_pmem(Vmm& vmm, const Pmem& pmem);
Done set_vsock(Vmm& vmm, const Vsock& vsock);
Done set_balloon(Vmm& vmm, const Balloon& balloon);
Done set_entropy(Vmm& vmm, const Entropy& entropy);
Done set_memory_hotplug(Vmm& vmm, const MemoryHotplug& memory);
Done set_serial(Vmm& vmm, const Serial& serial);
Done set_mmds_config(Vmm& vmm, const MmdsConfig& config);

/// A whole configuration file, and metadata for the store: in that order.
Done configure(Vmm& vmm, const VmConfig& config, const std::optional<json::Value>& metadata);

// Devices as such, for boot, hotplug and restore (devices.cpp).
Result<DriveDevice> open_drive(const Drive& drive);
Result<NetworkDevice> open_interface(const NetworkInterface& interface);
Result<VsockDevice> open_vsock(const Vsock& vsock);
Done check_pmem(const Pmem& pmem);

// The way through life (lifecycle.cpp).
Done start(Vmm& vmm);
Done pause(Vmm& vmm);
Done resume(Vmm& vmm);
Done send_ctrl_alt_del(Vmm& vmm);
Done flush_metrics(Vmm& vmm);
Done create_snapshot(Vmm& vmm, const SnapshotCreate& params);
Done load_snapshot(Vmm& vmm, const SnapshotLoad& params);

// After boot: changes (runtime.cpp).
Done update_drive(Vmm& vmm, const DriveUpdate& update);
Done update_interface(Vmm& vmm, const NetworkInterfaceUpdate& update);
Done update_pmem(Vmm& vmm, const PmemUpdate& update);
Done plug_drive(Vmm& vmm, const Drive& drive);
Done plug_interface(Vmm& vmm, const NetworkInterface& interface);
Done plug_pmem(Vmm& vmm, const Pmem& pmem);
Done unplug(Vmm& vmm, DeviceKind kind, const std::string& id);
Done update_balloon(Vmm& vmm, const BalloonUpdate& update);
Done update_balloon_stats(Vmm& vmm, const BalloonStatsUpdate& update);
Done start_hinting(Vmm& vmm, const StartHinting& command);
Done stop_hinting(Vmm& vmm);
Done update_memory_hotplug(Vmm& vmm, const MemoryHotplugUpdate& update);

// Questions (questions.cpp): JSON.
Result<std::string> instance_info(Vmm& vmm);
Result<std::string> version(Vmm& vmm);
Result<std::string> machine_config(Vmm& vmm);
Result<std::string> full_config(Vmm& vmm);
Result<std::string> balloon_config(Vmm& vmm);
Result<std::string> balloon_stats(Vmm& vmm);
Result<std::string> hinting_status(Vmm& vmm);
Result<std::string> memory_hotplug_status(Vmm& vmm);
Result<std::string> mmds_data(Vmm& vmm);
Done put_mmds(Vmm& vmm, json::Value& data);
Done patch_mmds(Vmm& vmm, json::Value& change);

}  // namespace microvm::standin
