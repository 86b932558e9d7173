// What the kernel and its settings say.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "host/doctor/checks.h"

namespace microvm::doctor {
namespace {

constexpr std::size_t kManyMounts = 300;
constexpr std::uint64_t kFewFiles = 1024;

std::uint64_t number_in(std::string_view text) {
  std::uint64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

}  // namespace

Finding kernel(const System& system) {
  constexpr KernelVersion kNeeded{5, 9}, kOldest{5, 10};  // close_range; what Firecracker supports
  constexpr std::array kTested = {KernelVersion{5, 10}, KernelVersion{6, 1}, KernelVersion{6, 18}};
  const auto version = system.kernel();
  if (!version) return {Verdict::Warn, "its version cannot be read", "mount /proc"};
  const std::string seen = *system.text("/proc/sys/kernel/osrelease");
  if (*version < kNeeded) return {Verdict::Fail, seen, "boot Linux 5.10 or later: Firecracker needs it"};
  if (*version < kOldest) return {Verdict::Warn, seen, "boot Linux 5.10 or later: older ones are not supported"};
  if (std::ranges::find(kTested, *version) != kTested.end()) return {Verdict::Ok, seen};
  return {Verdict::Info, seen, "Firecracker is tested on Linux 5.10, 6.1 and 6.18"};
}

Finding virtualization(const System& system) {
  for (const std::string& line : system.lines("/proc/cpuinfo")) {
    if (!line.starts_with("flags")) continue;
    const auto flags = words_of(line);
    if (std::ranges::find(flags, "hypervisor") == flags.end()) break;
    return {Verdict::Warn, "this host is a virtual machine",
            "expect microVMs to be slower: nested virtualization is not what Firecracker is tested on"};
  }
  return {Verdict::Ok, "this host is no virtual machine, as far as its processor says"};
}

Finding nested_paging(const System& system) {
  for (const std::string_view path : {"/sys/module/kvm_intel/parameters/ept", "/sys/module/kvm_amd/parameters/npt"}) {
    const auto value = system.text(path);
    if (!value) continue;
    if (*value == "Y" || *value == "1") return {Verdict::Ok, "on"};
    return {Verdict::Warn, fmt::format("{} is {}", path, *value),
            "load the KVM module with it: guests are slow without"};
  }
  return {Verdict::Info, "no KVM module of Intel or AMD tells", "see the check kvm"};
}

Finding ksm(const System& system) {
  const auto run = system.text("/sys/kernel/mm/ksm/run");
  if (!run || *run == "0") return {Verdict::Ok, run ? "off" : "not in this kernel"};
  return {Verdict::Warn, "on",
          "echo 0 > /sys/kernel/mm/ksm/run: guests can learn of each other's memory from shared pages"};
}

Finding smt(const System& system) {
  const auto active = system.text("/sys/devices/system/cpu/smt/active");
  if (!active || *active == "0") return {Verdict::Ok, active ? "off" : "not on this machine"};
  return {Verdict::Warn, "on",
          "echo off > /sys/devices/system/cpu/smt/control where guests do not trust each other: they share cores"};
}

Finding swap(const System& system) {
  const std::size_t count = system.lines("/proc/swaps").size();
  if (count <= 1) return {Verdict::Ok, "off"};
  return {Verdict::Warn, fmt::format("{} in use", count - 1),
          "swapoff -a: the guests' memory, secrets with it, is written to disk otherwise"};
}

Finding vulnerabilities(const System& system) {
  constexpr std::string_view kFolder = "/sys/devices/system/cpu/vulnerabilities";
  const auto names = system.names(kFolder);
  std::vector<std::string> open;
  for (const std::string& name : names)
    if (system.text(fmt::format("{}/{}", kFolder, name)).value_or("").contains("Vulnerable")) open.push_back(name);
  if (names.empty()) return {Verdict::Info, "the kernel does not tell", ""};
  if (open.empty()) return {Verdict::Ok, fmt::format("{} known, none open", names.size())};
  return {Verdict::Warn, fmt::format("open: {}", fmt::join(open, ", ")),
          "update kernel and microcode, and boot without mitigations=off"};
}

Finding nx_huge_pages(const System& system) {
  const auto multihit = system.text("/sys/devices/system/cpu/vulnerabilities/itlb_multihit");
  const auto value = system.text("/sys/module/kvm/parameters/nx_huge_pages");
  if (!value) return {Verdict::Ok, "not in this kernel"};
  const bool is_affected = !multihit || !multihit->starts_with("Not affected");
  const std::string seen = fmt::format("nx_huge_pages is {}, itlb_multihit: {}", *value, multihit.value_or("unknown"));
  if (is_affected && (*value == "N" || *value == "never"))
    return {Verdict::Warn, seen, "boot with kvm.nx_huge_pages=auto: a guest can stop this machine"};
  const bool is_dear =
      !is_affected && *value != "never" && system.kernel().value_or(KernelVersion()) >= KernelVersion{6, 1};
  if (!is_dear) return {Verdict::Ok, seen};
  return {Verdict::Info, seen, "boot with kvm.nx_huge_pages=never: this processor needs none, and starts get faster"};
}

Finding cgroup(const System& system) {
  const auto controllers = system.text("/sys/fs/cgroup/cgroup.controllers");
  if (!controllers) {
    return {Verdict::Warn, "no version 2 at /sys/fs/cgroup",
            "boot with systemd.unified_cgroup_hierarchy=1: VMs get no limits of their own, and version 1 is slow"};
  }
  const std::string seen = "version 2: " + *controllers;
  const bool is_new = system.kernel().value_or(KernelVersion()) >= KernelVersion{6, 1};
  if (!is_new || system.text("/proc/self/mountinfo").value_or("").contains("favordynmods")) return {Verdict::Ok, seen};
  return {Verdict::Info, seen, "mount -o remount,favordynmods /sys/fs/cgroup: moving processes gets faster"};
}

Finding transparent_huge_pages(const System& system) {
  const auto enabled = system.text("/sys/kernel/mm/transparent_hugepage/enabled");
  if (enabled && !enabled->contains("[never]")) return {Verdict::Ok, *enabled};
  return {Verdict::Info, enabled.value_or("not in this kernel"),
          "echo madvise > /sys/kernel/mm/transparent_hugepage/enabled for VMs with huge_pages \"Transparent\""};
}

Finding huge_pages(const System& system) {
  const auto pages = number_in(system.text("/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages").value_or(""));
  const std::string seen = fmt::format("{} of 2 MiB free: {} MiB of guests' memory", pages, 2 * pages);
  if (pages > 0) return {Verdict::Ok, seen};
  return {Verdict::Info, seen, "set vm.nr_hugepages for VMs with huge_pages \"2M\""};
}

Finding tun(const System& system) {
  constexpr const char* kDevice = "/dev/net/tun";
  if (::access(system.at(kDevice).c_str(), R_OK | W_OK) == 0) return {Verdict::Ok, kDevice};
  return {Verdict::Warn, fmt::format("{} is missing, or not for this user", kDevice),
          "modprobe tun, and give this user access: VMs with a network interface need it"};
}

Finding mounts(const System& system) {
  const auto count = system.lines("/proc/self/mountinfo").size();
  const std::string seen = fmt::format("{}", count);
  if (count <= kManyMounts) return {Verdict::Ok, seen};
  return {Verdict::Warn, seen, "unmount what is not needed: a jail copies all of them at each start"};
}

Finding privileges(const System& system) {
  if (system.uid() == 0) return {Verdict::Ok, "root"};
  return {Verdict::Info, fmt::format("uid {}", system.uid()),
          "without root there are no network devices, jails and cgroups; access to /dev/kvm comes with its group"};
}

Finding open_files(const System& system) {
  constexpr std::string_view kName = "Max open files";
  for (const std::string& line : system.lines("/proc/self/limits")) {
    if (!line.starts_with(kName)) continue;
    const auto words = words_of(std::string_view(line).substr(kName.size()));
    if (words.empty()) break;
    const std::string seen = fmt::format("at most {}", words[0]);
    if (words[0] == "unlimited" || number_in(words[0]) >= kFewFiles) return {Verdict::Ok, seen};
    return {Verdict::Warn, seen,
            fmt::format("ulimit -n {} or more: devices and vsock connections take one each", kFewFiles)};
  }
  return {Verdict::Info, "the limit cannot be read", "mount /proc"};
}

}  // namespace microvm::doctor
