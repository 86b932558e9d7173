// What a guest is made of: its configuration and the files of the host that belong to it, open.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "common/base/unique_fd.h"
#include "standin/model/vm_config.h"

namespace microvm::standin {

struct DriveDevice {
  Drive config;
  UniqueFd file;  ///< not for a vhost-user drive
};

struct NetworkDevice {
  NetworkInterface config;
  UniqueFd tap;
  bool answers_mmds = false;
};

struct VsockDevice {
  Vsock config;
  UniqueFd listener;  ///< bound and listening at `uds_path`
};

/// How the metadata service is set up; on which interfaces it answers stands with them.
struct MmdsSetup {
  MmdsVersion version = MmdsVersion::V1;
  bool imds_compat = false;
  Ipv4Address address{"169.254.169.254"};
};

struct Guest {
  MachineConfig machine;
  std::optional<CustomCpuTemplate> cpu_template;
  BootSource boot_source;
  UniqueFd kernel;
  UniqueFd initrd;
  std::vector<DriveDevice> drives;  ///< the root device first
  std::vector<NetworkDevice> interfaces;
  std::vector<Pmem> pmem;
  std::optional<VsockDevice> vsock;
  std::optional<Balloon> balloon;
  std::optional<Entropy> entropy;
  std::optional<MemoryHotplug> memory_hotplug;
  MmdsSetup mmds;
  Serial serial;
  bool pci_enabled = false;
  bool boot_timer = false;
};

inline std::uint64_t memory_bytes(const Guest& guest) { return guest.machine.mem_size.count << 20; }

}  // namespace microvm::standin
