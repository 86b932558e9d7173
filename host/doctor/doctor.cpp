// The table of checks.
#include "microvm/doctor.h"

#include <array>
#include <cstddef>

#include "common/base/printable.h"
#include "host/doctor/checks.h"

namespace microvm {
namespace doctor {
namespace {

struct Row {
  std::string_view name;
  Finding (*look)(const System&);
};

constexpr std::size_t kMaxSeen = 400;

constexpr Row kRows[] = {
    {"kvm", kvm},
    {"kvm-capabilities", kvm_capabilities},
    {"kernel", kernel},
    {"virtualization", virtualization},
    {"nested-paging", nested_paging},
    {"ksm", ksm},
    {"smt", smt},
    {"swap", swap},
    {"vulnerabilities", vulnerabilities},
    {"nx-huge-pages", nx_huge_pages},
    {"cgroup", cgroup},
    {"transparent-huge-pages", transparent_huge_pages},
    {"huge-pages", huge_pages},
    {"tun", tun},
    {"mounts", mounts},
    {"privileges", privileges},
    {"open-files", open_files},
    {"state-dir", state_dir},
    {"state-space", state_space},
    {"run-dir", run_dir},
    {"run-space", run_space},
    {"socket-paths", socket_paths},
    {"firecracker", firecracker},
    {"firecracker-owner", firecracker_owner},
    {"firecracker-linking", firecracker_linking},
    {"monitor", monitor},
};

}  // namespace
}  // namespace doctor

std::string_view verdict_name(Verdict verdict) noexcept {
  constexpr std::array<std::string_view, 4> kNames = {"ok", "info", "warn", "fail"};
  return kNames[static_cast<std::size_t>(verdict)];
}

std::vector<Check> run_checks(const DoctorOptions& options) {
  const doctor::System system(options);
  std::vector<Check> checks;
  for (const auto& [name, look] : doctor::kRows) {
    auto [verdict, seen, advice] = look(system);
    checks.push_back({std::string(name), verdict, printable(seen, doctor::kMaxSeen), std::move(advice)});
  }
  return checks;
}

}  // namespace microvm
