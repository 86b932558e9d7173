// Drives a Firecracker process through its API: typed, checked and gated by version before anything is sent.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "microvm/error.h"
#include "microvm/fcapi_types.h"

namespace microvm::fcapi {

/// The process behind the socket, for a caller that has it: its end ends every wait (VmmDied).
struct Vmm {
  int pidfd = -1;                            ///< stays the caller's
  std::function<std::string()> last_output;  ///< the end of what it wrote, quoted when it has died
  /// An inotify(7) descriptor that has watched the socket's folder for new names since before the process was started;
  /// stays the caller's, and is used until connect() returns. Without one the client may have to make its own, which
  /// takes the kernel some 20 ms to close.
  int watch = -1;
};

struct Options {
  std::chrono::milliseconds connect_timeout{10'000};  ///< waiting for the socket and asking for the version
  /// Bounds one operation. Those that wait for vCPUs get at least 35 s, as the VMM itself waits up to 30 s; snapshots
  /// in addition 16 ms for each MiB of memory.
  std::chrono::milliseconds timeout{10'000};
  /// How long GET / may take that finds out the state after an operation whose outcome is unknown.
  std::chrono::milliseconds state_timeout{500};
  /// Bounds everything the client ever does, whatever the timeouts say.
  std::chrono::steady_clock::time_point deadline = std::chrono::steady_clock::time_point::max();
  std::uint64_t mem_size_mib = 0;       ///< for the deadline of snapshots; 0: asked for, or the size of the memory file
  std::size_t max_body_bytes = 51'200;  ///< `--http-api-max-payload-size` of the VMM
};

/// What is allowed, but known to hurt in the version at hand.
struct Warning {
  std::string code;  ///< stable: `vsock_dead_after_resume`, `deprecated`, …
  std::string text;  ///< one line
};

/// "1.16.1", "v1.16.1", "1.17.0-dev"; nothing for what is no version.
std::optional<Version> parse_version(std::string_view text);

/// One connection to one VMM. Movable; not thread-safe: use one per thread.
///
/// An operation fails with Invalid (it breaks a rule) or Unsupported (this version does not know it) before anything is
/// sent, or with Fault: the VMM refused it, and `Error::fault` says why. After ReplyTimeout, ConnectionLost, BadReply
/// or ReplyTooLong its outcome is unknown: nothing is sent again, the connection is closed, and `Error::vm_state` is
/// what GET / then says, empty when it does not say anything. The next operation connects anew.
class Client {
 public:
  /// Waits until the socket is there and accepts, then asks for the version.
  static Result<Client> connect(const std::string& socket_path, Vmm vmm = {}, const Options& options = {});

  Client(Client&&) noexcept;
  Client& operator=(Client&&) noexcept;
  ~Client();

  [[nodiscard]] Version version() const noexcept;
  /// Those of the operations since the last call, each code once.
  std::vector<Warning> take_warnings();

  Result<InstanceInfo> get_instance_info();
  Result<FirecrackerVersion> get_version();
  Result<VmConfig> get_vm_config();
  Result<void> put_action(const Action& action);
  Result<void> patch_vm(const VmPatch& target);

  Result<void> put_boot_source(const BootSource& source);
  Result<MachineConfig> get_machine_config();
  Result<void> put_machine_config(const MachineConfig& config);
  Result<void> patch_machine_config(const MachineConfigPatch& patch);
  Result<void> put_cpu_config(const CpuConfig& config);

  Result<void> put_drive(const Drive& drive);
  Result<void> patch_drive(const DrivePatch& patch);
  Result<void> delete_drive(std::string_view drive_id);
  Result<void> put_network_interface(const NetworkInterface& iface);
  Result<void> patch_network_interface(const NetworkInterfacePatch& patch);
  Result<void> delete_network_interface(std::string_view iface_id);
  Result<void> put_pmem(const Pmem& pmem);
  Result<void> patch_pmem(const PmemPatch& patch);
  Result<void> delete_pmem(std::string_view id);
  Result<void> put_vsock(const Vsock& vsock);
  Result<void> put_entropy(const Entropy& entropy);
  Result<void> put_serial(const Serial& serial);

  Result<Balloon> get_balloon();
  Result<void> put_balloon(const Balloon& balloon);
  Result<void> patch_balloon(const BalloonPatch& patch);
  Result<BalloonStatistics> get_balloon_statistics();
  Result<void> patch_balloon_statistics(const BalloonStatisticsPatch& patch);
  Result<void> start_balloon_hinting(const HintingStart& start = {});
  Result<void> stop_balloon_hinting();
  Result<HintingStatus> get_balloon_hinting_status();
  Result<MemoryHotplugStatus> get_memory_hotplug();
  Result<void> put_memory_hotplug(const MemoryHotplug& config);
  Result<void> patch_memory_hotplug(const MemoryHotplugPatch& patch);

  Result<void> put_logger(const Logger& logger);
  Result<void> put_metrics(const Metrics& metrics);
  Result<void> put_mmds_config(const MmdsConfig& config);
  Result<Json> get_mmds();
  Result<void> put_mmds(const Json& store);
  Result<void> patch_mmds(const Json& merge_patch);

  Result<void> create_snapshot(const SnapshotCreate& create);
  /// A load that the VMM refuses ends the VMM, unless its fault is `load_after_config` or of the request itself.
  Result<void> load_snapshot(const SnapshotLoad& load);

 private:
  struct Impl;
  explicit Client(std::unique_ptr<Impl> impl) noexcept;
  std::unique_ptr<Impl> impl_;
};

}  // namespace microvm::fcapi
