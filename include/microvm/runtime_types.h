// What a microVM is to the runtime: its spec, its states, its end.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "microvm/error.h"
#include "microvm/fcapi_types.h"

namespace microvm {

using Timestamp = std::chrono::sys_time<std::chrono::milliseconds>;

/// One way to end a VM, and how long it may take before the next one is tried.
struct StopRung {
  enum class Kind {
    CtrlAltDel,  ///< `SendCtrlAltDel`: the guest is asked to reboot, which ends Firecracker; x86_64 only
    Kill,        ///< SIGKILL to the VMM
  };
  Kind kind = Kind::Kill;
  std::chrono::milliseconds budget{0};
};

/// What the guest is handed over vsock before the VM counts as ready. Secrets stand in files: here are their names and
/// paths, never a value.
struct MetadataSpec {
  std::map<std::string, std::string> env{};      ///< laid over what the env files hold
  std::vector<std::string> env_files{};          ///< dotenv files on the host, the later wins
  std::map<std::string, std::string> secrets{};  ///< name to the file on the host that holds its bytes
  std::uint32_t port = 5555;                     ///< the daemon's vsock port
  std::chrono::milliseconds timeout{60'000};     ///< from InstanceStart until the guest holds all of it
  /// Wait for the guest's daemon even where there is nothing to hand over.
  bool wait = false;

  [[nodiscard]] bool is_wanted() const noexcept {
    return wait || !env.empty() || !env_files.empty() || !secrets.empty();
  }
};

/// What one microVM shall be: Firecracker's configuration, and what is ours (the object "microvm" of a spec file).
/// Paths are absolute, as the host sees them.
struct Spec {
  std::string id{};  ///< [a-z0-9-]{1,63}; empty: the runtime makes one up
  fcapi::VmConfig config{};
  std::optional<fcapi::CpuConfig> cpu_config{};
  std::optional<fcapi::Logger> logger{};    ///< absent: into the monitor's bounded log
  std::optional<fcapi::Metrics> metrics{};  ///< absent: to the monitor
  MetadataSpec metadata{};
  std::vector<StopRung> stop{{StopRung::Kind::CtrlAltDel, std::chrono::milliseconds(10'000)},
                             {StopRung::Kind::Kill, std::chrono::milliseconds(5'000)}};
  std::uint64_t console_bytes = 16U << 20U;  ///< the most that console and its older half take on disk
  std::uint64_t log_bytes = 1U << 20U;       ///< the same for the VMM's own log
};

enum class VmState {
  Creating,  ///< its resources are being taken
  Created,   ///< the VMM runs and is configured; the guest was not started
  Running,
  Paused,
  Stopping,  ///< somebody climbs the stop ladder
  Exited,    ///< the VMM has ended; `VmInfo::exit` says how
  Failed,    ///< a step of create failed and what it had taken could not be given back; `failed_step` says which
};
std::string_view state_name(VmState state) noexcept;  ///< `creating`, `created`, …
std::optional<VmState> state_from(std::string_view name) noexcept;

enum class ExitReason {
  Unknown,
  GuestReboot,    ///< the guest reset itself, which is also how a guest ends in good order
  GuestPoweroff,  ///< the guest powered off or halted: Firecracker stays, so the monitor ended it
  GuestPanic,     ///< the guest's kernel panicked
  Stopped,        ///< by the stop ladder, in the guest's good order
  Killed,         ///< by `kill`, or by the last rung of the ladder
  VmmSignal,      ///< the VMM was ended by a signal that is not ours
  VmmError,       ///< the VMM ended by itself with an error
  HostRebooted,
};
std::string_view reason_name(ExitReason reason) noexcept;  ///< `unknown`, `guest_reboot`, …
std::optional<ExitReason> reason_from(std::string_view name) noexcept;

/// How a reason is known. An exit code of 0 proves nothing: reboot and panic end so alike.
enum class Certainty {
  None,
  Likely,   ///< concluded from what is missing: a code of 0 and no panic on the console
  Certain,  ///< the kernel, the console or the VMM's log says so
};
std::string_view certainty_name(Certainty certainty) noexcept;  ///< `none`, `likely`, `certain`
std::optional<Certainty> certainty_from(std::string_view name) noexcept;

struct Exit {
  std::optional<int> code{};  ///< neither: nobody saw it
  std::optional<int> signal{};
  ExitReason reason = ExitReason::Unknown;
  Certainty certainty = Certainty::None;
  std::string detail{};                     ///< the panic, the VMM's last words: printable ASCII, at most 512 bytes
  std::vector<std::string> console_tail{};  ///< the last lines of the console, made printable
  std::vector<std::string> vmm_tail{};      ///< the last lines of the VMM's log
  Timestamp finished{};
};

/// A process as it is told apart from a later one of the same number.
struct ProcessId {
  int pid = 0;
  std::uint64_t start_time = 0;  ///< field 22 of /proc/PID/stat: clock ticks since boot
};

struct VmInfo {
  std::string id;
  VmState state = VmState::Creating;
  Timestamp created{};
  std::optional<Timestamp> started{};
  std::optional<Timestamp> ready{};          ///< all metadata was handed over
  std::optional<Exit> exit{};                ///< of Exited
  std::string failed_step{}, failure{};      ///< of Failed
  std::string operation{};                   ///< what somebody is doing with it at the moment: `start`, `stop`, …
  std::optional<ProcessId> vmm{};            ///< while it lives
  std::optional<ProcessId> monitor{};        ///< while it lives; absent beside a live VMM: the next command starts one
  std::string firecracker{}, version{};      ///< program and what it said it is
  std::string state_dir{}, run_dir{};        ///< this VM's own
  std::string api_socket{}, vsock_socket{};  ///< the latter is empty without a vsock device
  std::uint32_t metadata_port = 5555;
  std::uint8_t vcpu_count = 1;
  std::uint64_t mem_size_mib = 128;
};

/// Where the time of a start went; zero for what did not happen.
struct Phases {
  std::chrono::microseconds process{}, api{}, configuration{}, start{}, guest_daemon{}, metadata{};
};

struct StopOutcome {
  struct Tried {
    StopRung::Kind kind;
    std::chrono::milliseconds took{};
    bool worked = false;
    std::string skipped{};  ///< why it was not tried, or what the VMM said against it
  };
  std::vector<Tried> tried;  ///< empty: it had ended before
  Exit exit;
};

struct Event {
  Timestamp when{};
  std::string id;
  /// `created`, `started`, `ready`, `paused`, `resumed`, `stopping`, `exited`, `removed`, `adopted`, `failed`,
  /// `panic`, `powered_off`.
  std::string what;
  std::string detail{};
};

/// What `gc` found that no live VM owns.
struct Garbage {
  std::string what;  ///< `state directory`, `run directory`, `process`, `socket`
  std::string path;
  std::string why;
  bool removed = false;
};

}  // namespace microvm
