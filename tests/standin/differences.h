// All that firecracker-qemu answers otherwise than the recorded Firecracker, each with its reason.
#pragma once

#include <string_view>

namespace microvm::test {

/// Names are those of Outcome.
struct Difference {
  std::string_view scenario;
  std::string_view name;
  std::string_view reason;
  bool comes_and_goes = false;  ///< both answers are right: neither fails
};

inline constexpr std::string_view kNeedsNoKvm = "there is no KVM to miss: the guest starts without it";
inline constexpr std::string_view kNoGuest = "no guest runs that could write to its console or end the process";
inline constexpr std::string_view kKvmLines = "Firecracker logs what KVM on that host did not support";
inline constexpr std::string_view kRace = "two threads: either order is right";

inline constexpr Difference kDifferences[] = {
    {"transport_framing", "91", "a client that half-closes at once is answered or not", true},
    {"cli", "config: guest that resets by i8042 (exit 0), API on", kNoGuest},
    {"cli", "config: guest that resets by i8042, --no-api", kNoGuest},
    {"cli", "--metadata broken JSON, no config file", kRace, true},
    {"logs", "13: log log.txt", "on level Debug Firecracker tells of ACPI tables and other innards"},
    {"signals", "10: signal", "the kernel gave SIGXFSZ to the thread of a vCPU; here there is none"},
    {"no_kvm", "17", kNeedsNoKvm},
    {"no_kvm", "18", kNeedsNoKvm},
    {"no_kvm", "20", kNeedsNoKvm},
    {"no_kvm", "20: process exit", kNeedsNoKvm},
    {"no_kvm", "20: had exited by itself", kNeedsNoKvm},
    {"no_kvm", "24", kNeedsNoKvm},
    {"no_kvm", "25", kNeedsNoKvm},
    {"no_kvm", "27", kNeedsNoKvm},
    {"no_kvm", "27: process exit", kNeedsNoKvm},
    {"no_kvm", "27: had exited by itself", kNeedsNoKvm},
    {"no_kvm", "28", kNeedsNoKvm},
    {"no_kvm", "28: process exit", kNeedsNoKvm},
    {"snapshot_create", "33: log stdout", kKvmLines},
    {"snapshot_load", "26: log stdout", kKvmLines},
    {"snapshot_load", "81: process exit", kKvmLines},
    {"snapshot_load", "82: process exit", kKvmLines},
    {"snapshot_load", "83: process exit", kKvmLines},
    {"vsock_nodriver", "6: process exit", kKvmLines},
    {"start_kernels", "30: log stdout", kNoGuest},
    {"start_kernels", "34: process state", kNoGuest},
    {"start_kernels", "34: process exit", kNoGuest},
    {"start_kernels", "34: log stdout", kNoGuest},
    {"start_kernels", "34: had exited by itself", kNoGuest},
    {"start_kernels", "38: process state", kNoGuest},
    {"start_kernels", "38: process exit", kNoGuest},
    {"start_kernels", "38: log stdout", kNoGuest},
    {"start_kernels", "38: had exited by itself", kNoGuest},
    {"start_kernels", "50: log stdout", kNoGuest},
};

}  // namespace microvm::test
