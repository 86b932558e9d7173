// Whether this host can run microVMs: each thing looked at, what was seen, and what to do about it.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace microvm {

enum class Verdict {
  Ok,
  Info,  ///< worth knowing
  Warn,  ///< VMs run, but not as well or as safely as they could
  Fail,  ///< no VM runs before this is repaired
};
std::string_view verdict_name(Verdict verdict) noexcept;  ///< `ok`, `info`, `warn`, `fail`

struct Check {
  std::string name;  ///< stable: `kvm`, `state-dir`, …
  Verdict verdict = Verdict::Ok;
  std::string seen;    ///< one line, printable
  std::string advice;  ///< what to do; empty with Ok
};

struct DoctorOptions {
  std::string firecracker{};  ///< absolute path; empty: none was found
  std::string monitor{};      ///< the same
  std::string version{};      ///< what the monitor shall say that it is; empty: anything
  std::string state_dir{"/var/lib/microvm"};
  std::string run_dir{"/run/microvm"};
  std::chrono::milliseconds timeout{2'000};  ///< for each program that is run, and for the guest on KVM
  /// All paths, those above too, are looked up below this folder: a tree that stands for a host.
  std::string root{};
  std::optional<unsigned> uid{};  ///< of the process that will drive VMs; absent: this one's
};

/// All checks, in a fixed order. Changes nothing but for what KVM counts, and runs both programs with `--version`.
std::vector<Check> run_checks(const DoctorOptions& options);

}  // namespace microvm
