// Taking snapshots, and becoming what one holds.
#include <cpuid.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "standin/vmm/actions.h"
#include "standin/vmm/files.h"
#include "standin/vmm/log_sites.h"
#include "standin/vmm/state_file.h"
#include "standin/vmm/stopwatch.h"
#include "standin/vmm/uffd.h"

namespace microvm::standin {
namespace {

// "Cannot perform open on the snapshot backing file: …"
std::unexpected<Fault> file_fault(const Fault& why, std::string_view variant, std::string_view step,
                                  std::string_view what) {
  return refuse(std::string(variant) + "(\"" + std::string(step) + "\", " + why.debug + ")",
                "Cannot perform " + std::string(step) + " on the " + std::string(what) + " backing file: " + why.text);
}

Done write_state(const std::string& path, const SavedState& state) {
  const auto fail = [](const Fault& why, std::string_view step) {
    return file_fault(why, "SnapshotBackingFile", step, "snapshot");
  };
  auto file = open_file(path, O_WRONLY | O_CREAT | O_TRUNC, 0666);
  if (!file) return fail(file.error(), "open");
  if (!write_all(file->get(), to_state_file(state))) return fail(errno_fault(errno), "flush");
  if (::fsync(file->get()) != 0) return fail(errno_fault(errno), "sync_all");
  return {};
}

// A file of the right size is kept: a diff is merged onto what it holds. Any other becomes an empty one of that size.
Result<UniqueFd> open_memory_file(const std::string& path, std::uint64_t bytes) {
  const auto fail = [](const Fault& why, std::string_view step) {
    return file_fault(why, "MemoryBackingFile", step, "memory");
  };
  auto file = open_file(path, O_RDWR | O_CREAT, 0666);
  if (!file) return fail(file.error(), "open");
  struct stat info{};
  if (::fstat(file->get(), &info) != 0) return fail(errno_fault(errno), "metadata");
  if (static_cast<std::uint64_t>(info.st_size) != bytes &&
      (::ftruncate(file->get(), 0) != 0 || ::ftruncate(file->get(), static_cast<off_t>(bytes)) != 0))
    return fail(errno_fault(errno), "set_length");
  return file;
}

void log_vendor(Vmm& vmm) {
  unsigned level = 0;
  std::array<unsigned, 3> words{};
  ::__get_cpuid(0, &level, &words[0], &words[2], &words[1]);
  std::string vendor = "[";
  for (const unsigned word : words)
    for (unsigned shift = 0; shift < 32; shift += 8)
      vendor += (vendor.size() > 1 ? ", " : "") + std::to_string((word >> shift) & 0xFF);
  for (const std::string_view whose : {"Host", "Snapshot"})
    vmm.log(site::kHostVendor, std::string(whose) + " CPU vendor ID: " + vendor + "]");
}

Done override_devices(VmConfig& config, const SnapshotLoad& params) {
  for (const NetworkOverride& change : params.network_overrides) {
    auto* device = find_device(config.network_interfaces, change.iface_id);
    if (device == nullptr) return refuse("UnknownNetworkDevice", "Unknown Network Device.");
    device->host_dev_name = change.host_dev_name;
  }
  if (!params.vsock_override) return {};
  if (!config.vsock) return refuse("UnknownVsockDevice", "Unknown Vsock Device.");
  config.vsock->uds_path = params.vsock_override->uds_path;
  return {};
}

Result<SavedState> read_state(const SnapshotLoad& params) {
  auto file = open_file(params.snapshot_path.text, O_RDONLY);
  if (!file) return refuse_in(file, "Open", "Failed to open snapshot file: ");
  auto state = load_state_file(file->get());
  if (!state) return refuse_in(state, "Load", "Failed to load snapshot state from file: ");
  if (auto good = override_devices(state->config, params); !good) return std::unexpected(std::move(good.error()));
  return state;
}

Result<UniqueFd> memory_from_file(const std::string& path, std::uint64_t bytes) {
  constexpr std::string_view kPrefix = "Error creating guest memory from file: ";
  auto file = open_file(path, O_RDONLY);
  if (!file)
    return std::unexpected(std::move(file.error()).in("File", "Failed to load guest memory: ").in("File", kPrefix));
  struct stat info{};
  if (::fstat(file->get(), &info) == 0 && static_cast<std::uint64_t>(info.st_size) >= bytes) return file;
  return std::unexpected(Fault{"Total sum of memory regions exceeds largest possible file offset", "OffsetTooLarge"}
                             .in("Restore", "Failed to restore guest memory: ")
                             .in("File", kPrefix));
}

Result<SavedMemory> open_memory(const MemoryBackend& backend, const Guest& guest) {
  if (backend.backend_type == MemoryBackendType::File) {
    auto file = memory_from_file(backend.backend_path.text, memory_bytes(guest));
    if (!file) return std::unexpected(std::move(file.error()));
    return SavedMemory{std::move(*file), {}};
  }
  auto served = serve_memory_by(backend.backend_path.text, memory_bytes(guest));
  if (!served) return refuse_in(served, "Uffd", "Error creating guest memory from uffd: ");
  return SavedMemory{{}, *served};
}

// Drives, interfaces, vsock: in that order each is opened again, as at the time of the snapshot.
Done open_devices(Guest& guest, const VmConfig& config) {
  for (const Drive& drive : config.drives) {
    auto device = open_drive(drive);
    if (!device) return refuse_in(device, "Block", "Block: ");
    guest.drives.push_back(std::move(*device));
  }
  for (const NetworkInterface& interface : config.network_interfaces) {
    auto device = open_interface(interface);
    if (!device) return refuse_in(device, "Net", "Net: Failed to create a network device: ");
    const auto& mmds = config.mmds_config;
    device->answers_mmds = mmds && std::ranges::count(mmds->network_interfaces, interface.id) != 0;
    guest.interfaces.push_back(std::move(*device));
  }
  if (config.vsock) {
    auto device = open_vsock(*config.vsock);
    if (!device) return refuse_in(device, "VsockUnixBackend", "VsockUnixBackend: ");
    guest.vsock = std::move(*device);
  }
  return {};
}

void take_over(Guest& guest, const VmConfig& config, bool track_dirty_pages) {
  guest.machine = *config.machine_config;
  guest.machine.cpu_template.reset();
  guest.machine.track_dirty_pages = track_dirty_pages;
  guest.boot_source = config.boot_source;
  guest.balloon = config.balloon;
  guest.entropy = config.entropy;
  guest.pmem = config.pmem;
  guest.memory_hotplug = config.memory_hotplug;
  if (config.mmds_config)
    guest.mmds = {config.mmds_config->version, config.mmds_config->imds_compat,
                  config.mmds_config->ipv4_address.value_or(MmdsSetup().address)};
}

Done restore(Vmm& vmm, const SnapshotLoad& params) {
  auto state = read_state(params);
  if (!state) return refuse_in(state, "File", "Failed to get snapshot state from file: ");
  take_over(vmm.guest, state->config, params.track_dirty_pages);
  vmm.guest.pci_enabled = state->pci_enabled;
  log_vendor(vmm);
  auto memory = open_memory(*params.mem_backend, vmm.guest);
  if (!memory) return refuse_in(memory, "GuestMemory", "Failed to load guest memory: ");
  constexpr std::string_view kBuild = "Failed to build microVM from snapshot: ";
  if (auto opened = open_devices(vmm.guest, state->config); !opened)
    return std::unexpected(std::move(opened.error())
                               .in("RestoreMmioDevice", "Failed to restore devices: Error restoring MMIO devices: ")
                               .in("Build", kBuild));
  auto restored = vmm.backend.restore(vmm.guest, *memory, state->backend);
  if (!restored) return refuse_in(restored, "Build", kBuild);
  return {};
}

}  // namespace

Done create_snapshot(Vmm& vmm, const SnapshotCreate& params) {
  const Stopwatch watch;
  const bool full = params.snapshot_type == SnapshotType::Full;
  if (!full) vmm.log(site::kDevPreview, "[DevPreview] Virtual machine diff snapshots is in development preview.");
  vmm.backend.reset_vsock();
  if (vmm.state != State::Paused)
    return refuse("MicrovmState(NotAllowed)",
                  "Cannot save the microVM state: Operation not allowed: save/restore unavailable while running");
  if (auto written = write_state(params.snapshot_path.text, {vm_config(vmm), vmm.guest.pci_enabled, {}}); !written)
    return written;
  auto memory = open_memory_file(params.mem_file_path.text, memory_bytes(vmm.guest));
  if (!memory) return std::unexpected(std::move(memory.error()));
  auto saved = vmm.backend.save(memory->get(), params.snapshot_type);
  if (!saved) return std::unexpected(std::move(saved.error()));
  if (!saved->empty()) {
    SavedState state{vm_config(vmm), vmm.guest.pci_enabled, std::move(*saved)};
    if (auto written = write_state(params.snapshot_path.text, state); !written) return written;
  }
  watch.tell(vmm, full ? site::kFullTook : site::kDiffTook, full ? "create full snapshot" : "create diff snapshot",
             full ? "vmm_full_create_snapshot" : "vmm_diff_create_snapshot");
  return {};
}

Done load_snapshot(Vmm& vmm, const SnapshotLoad& params) {
  constexpr std::string_view kNotAllowed =
      "Loading a microVM snapshot not allowed after configuring boot-specific resources.";
  if (vmm.boot_path) {
    vmm.log(site::kLoadRefused, kNotAllowed);
    return refuse("LoadSnapshotNotAllowed", std::string(kNotAllowed));
  }
  if (auto restored = restore(vmm, params); !restored) {
    Fault fault = std::move(restored.error()).in("RestoreFromSnapshot", "Failed to restore from snapshot: ");
    fault.ends_process = true;
    return std::unexpected(std::move(fault));
  }
  vmm.state = State::Paused;
  return params.resume_vm ? resume(vmm) : Done();
}

}  // namespace microvm::standin
