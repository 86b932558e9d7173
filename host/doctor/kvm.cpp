// Whether KVM runs guests. That /dev/kvm can be opened says little.
#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <linux/kvm.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <new>
#include <system_error>

#include "common/base/deadline.h"
#include "common/base/unique_fd.h"
#include "common/posix/retry.h"
#include "host/doctor/checks.h"

namespace microvm::doctor {
namespace {

constexpr const char* kDevice = "/dev/kvm";
constexpr const char* kAdvice =
    "enable virtualization in the firmware and load kvm_intel or kvm_amd; in a virtual machine, enable nesting";

std::string text_of(int number) { return std::generic_category().message(number); }

#if defined(__x86_64__)
constexpr std::chrono::milliseconds kSlow{100};  // a processor needs 2, the VM included

// In real mode: 300,000 turns of a loop, then a word to halt with.
constexpr std::array<unsigned char, 14> kProgram = {
    0x66, 0xb9, 0xe0, 0x93, 0x04, 0x00,  // mov ecx, 300000
    0x66, 0x49,                          // 1: dec ecx
    0x75, 0xfc,                          // jnz 1b
    0xb0, 0x5a,                          // mov al, 0x5a
    0xf4,                                // hlt
    0xf4,
};
constexpr std::size_t kMemory = 4096;

/// What the child says: the step that it is at, and why that failed.
struct Report {
  const char* step = "";
  int error = 0;
  bool is_done = false;
};

int call(Report& report, const char* step, int fd, unsigned long request, unsigned long argument) {
  report.step = step;
  const int result = posix::retry([&] { return ::ioctl(fd, request, argument); });
  report.error = result < 0 ? errno : 0;
  return result;
}

unsigned long address(const void* at) { return reinterpret_cast<unsigned long>(at); }

bool set_registers(Report& report, int vcpu) {
  kvm_sregs special{};
  if (call(report, "KVM_GET_SREGS", vcpu, KVM_GET_SREGS, address(&special)) < 0) return false;
  special.cs.base = 0;
  special.cs.selector = 0;
  kvm_regs registers{};
  registers.rflags = 2;
  return call(report, "KVM_SET_SREGS", vcpu, KVM_SET_SREGS, address(&special)) == 0 &&
         call(report, "KVM_SET_REGS", vcpu, KVM_SET_REGS, address(&registers)) == 0;
}

// Nothing is given back: the child ends.
void run_guest(int kvm, Report& report) {
  const int vm = call(report, "KVM_CREATE_VM", kvm, KVM_CREATE_VM, 0);
  void* const memory = ::mmap(nullptr, kMemory, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (vm < 0 || memory == MAP_FAILED) return;
  std::memcpy(memory, kProgram.data(), kProgram.size());
  kvm_userspace_memory_region region{};
  region.memory_size = kMemory;
  region.userspace_addr = address(memory);
  if (call(report, "KVM_SET_USER_MEMORY_REGION", vm, KVM_SET_USER_MEMORY_REGION, address(&region)) < 0) return;
  const int vcpu = call(report, "KVM_CREATE_VCPU", vm, KVM_CREATE_VCPU, 0);
  if (vcpu < 0) return;
  const int size = call(report, "KVM_GET_VCPU_MMAP_SIZE", kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
  if (size <= 0 || !set_registers(report, vcpu)) return;
  void* const shared = ::mmap(nullptr, static_cast<std::size_t>(size), PROT_READ | PROT_WRITE, MAP_SHARED, vcpu, 0);
  if (shared == MAP_FAILED || call(report, "KVM_RUN", vcpu, KVM_RUN, 0) < 0) return;
  kvm_regs registers{};
  const bool halted = static_cast<const kvm_run*>(shared)->exit_reason == KVM_EXIT_HLT;
  if (call(report, "KVM_GET_REGS", vcpu, KVM_GET_REGS, address(&registers)) < 0) return;
  report.step = "the guest's program";
  report.is_done = halted && (registers.rax & 0xffU) == 0x5aU;
}

// In a child, which is ended when it takes too long: KVM_RUN itself has no time limit.
bool ends_in_time(int kvm, Report& report, Deadline deadline) {
  const pid_t child = ::fork();
  if (child < 0) {
    report = {"fork", errno};
    return true;
  }
  if (child == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    run_guest(kvm, report);
    ::_exit(0);
  }
  const UniqueFd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, child, 0)));
  pollfd ended{pidfd.get(), POLLIN, 0};
  const bool in_time = posix::retry([&] { return ::poll(&ended, 1, deadline.poll_ms()); }) > 0;
  if (!in_time) ::kill(child, SIGKILL);
  posix::retry([&] { return ::waitpid(child, nullptr, 0); });
  return in_time;
}

Finding guest(int kvm, std::chrono::milliseconds timeout) {
  void* const shared = ::mmap(nullptr, sizeof(Report), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (shared == MAP_FAILED) return {Verdict::Fail, "no memory for a guest", "free some"};
  Report& report = *new (shared) Report;
  const auto begin = std::chrono::steady_clock::now();
  const bool in_time = ends_in_time(kvm, report, Deadline::after(timeout));
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - begin);
  const Report last = report;
  ::munmap(shared, sizeof(Report));

  if (!in_time) return {Verdict::Fail, fmt::format("a small guest did not end in {} ms", timeout.count()), kAdvice};
  if (!last.is_done) {
    const std::string why = last.error == 0 ? "went wrong" : text_of(last.error);
    return {Verdict::Fail, fmt::format("{}: {}", last.step, why), kAdvice};
  }
  const std::string seen = fmt::format("a small guest ran in {} ms", took.count());
  if (took < kSlow) return {Verdict::Ok, seen};
  return {Verdict::Warn, seen, "that is slow: is KVM of this host emulated, or the host under load?"};
}
#else
Finding guest(int kvm, std::chrono::milliseconds) {
  const UniqueFd vm(::ioctl(kvm, KVM_CREATE_VM, 0));
  const UniqueFd vcpu(vm.valid() ? ::ioctl(vm.get(), KVM_CREATE_VCPU, 0) : -1);
  if (!vcpu.valid()) return {Verdict::Fail, fmt::format("no VM with a vCPU: {}", text_of(errno)), kAdvice};
  return {Verdict::Ok, "a VM and its vCPU can be made"};
}
#endif

struct Capability {
  int number;
  const char* name;
};
constexpr Capability kCapabilities[] = {
    {KVM_CAP_IRQCHIP, "irqchip"},
    {KVM_CAP_USER_MEMORY, "user-memory"},
#if defined(__x86_64__)
    {KVM_CAP_SET_TSS_ADDR, "set-tss-addr"},
    {KVM_CAP_EXT_CPUID, "ext-cpuid"},
    {KVM_CAP_MP_STATE, "mp-state"},
    {KVM_CAP_PIT2, "pit2"},
    {KVM_CAP_PIT_STATE2, "pit-state2"},
    {KVM_CAP_ADJUST_CLOCK, "adjust-clock"},
    {KVM_CAP_VCPU_EVENTS, "vcpu-events"},
    {KVM_CAP_DEBUGREGS, "debugregs"},
    {KVM_CAP_XSAVE, "xsave"},
    {KVM_CAP_XCRS, "xcrs"},
#endif
    {KVM_CAP_IRQFD, "irqfd"},
    {KVM_CAP_IOEVENTFD, "ioeventfd"},
};

}  // namespace

Finding kvm(const System& system) {
  const UniqueFd device(::open(system.at(kDevice).c_str(), O_RDWR | O_CLOEXEC));
  if (!device.valid()) {
    const int error = errno;
    const bool is_closed = error == EACCES || error == EPERM;
    return {Verdict::Fail, fmt::format("{}: {}", kDevice, text_of(error)),
            is_closed ? "give this user access: usermod -aG kvm, or setfacl -m u:USER:rw /dev/kvm" : kAdvice};
  }
  const int version = ::ioctl(device.get(), KVM_GET_API_VERSION, 0);
  if (version != KVM_API_VERSION) return {Verdict::Fail, fmt::format("{} speaks no API 12", kDevice), kAdvice};
  return guest(device.get(), system.options().timeout);
}

Finding kvm_capabilities(const System& system) {
  const UniqueFd device(::open(system.at(kDevice).c_str(), O_RDWR | O_CLOEXEC));
  if (!device.valid()) return {Verdict::Info, "not known without KVM", "see the check kvm"};
  std::vector<const char*> missing;
  for (const auto& [number, name] : kCapabilities)
    if (::ioctl(device.get(), KVM_CHECK_EXTENSION, number) <= 0) missing.push_back(name);
  if (missing.empty()) return {Verdict::Ok, fmt::format("all {} that Firecracker asks for", std::size(kCapabilities))};
  const std::string seen = fmt::format("missing: {}", fmt::join(missing, ", "));
  if (missing == std::vector<const char*>{"xcrs"})
    return {Verdict::Warn, seen, "a cpu-config with kvm_capabilities [\"!56\"] can do without"};
  return {Verdict::Fail, seen, "use another host, or a newer kernel: Firecracker refuses to start a guest"};
}

}  // namespace microvm::doctor
