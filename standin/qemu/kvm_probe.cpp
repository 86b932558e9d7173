#include "standin/qemu/kvm_probe.h"

#include <fcntl.h>
#include <linux/kvm.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

#include "common/base/unique_fd.h"
#include "common/posix/retry.h"

namespace microvm::standin::qemu {
namespace {

constexpr int kTimeMs = 1000;  // of which a processor needs 10
constexpr std::size_t kMemory = 64 * 1024;
constexpr std::uint64_t kCode = 0x8000;
constexpr std::uint8_t kDone = 0x5A;

// cmpxchg16b of what is there with something else, ten million turns of a loop, then the word goes to a port.
constexpr std::uint8_t kProgram[] = {
    0xbf, 0x00, 0x90, 0x00, 0x00,  // mov edi, 0x9000
    0x31, 0xc0, 0x31, 0xd2,        // xor eax, eax; xor edx, edx
    0xbb, 0x5a, 0x00, 0x00, 0x00,  // mov ebx, kDone
    0x31, 0xc9,                    // xor ecx, ecx
    0xf0, 0x48, 0x0f, 0xc7, 0x0f,  // lock cmpxchg16b [rdi]
    0xb9, 0x80, 0x96, 0x98, 0x00,  // mov ecx, 10000000
    0xff, 0xc9, 0x75, 0xfc,        // 1: dec ecx; jnz 1b
    0x8a, 0x07,                    // mov al, [rdi]
    0xe6, 0x10,                    // out 0x10, al
    0xf4,                          // hlt
};

void fill_memory(char* memory) {
  const auto put = [memory](std::uint64_t at, std::uint64_t number) {
    std::memcpy(memory + at, &number, sizeof number);
  };
  put(0x1000, 0x2003);  // page tables: the first 2 MiB as they are
  put(0x2000, 0x3003);
  put(0x3000, 0x83);
  std::memcpy(memory + kCode, kProgram, sizeof kProgram);
}

bool enter_long_mode(int vcpu) {
  kvm_sregs special{};
  if (::ioctl(vcpu, KVM_GET_SREGS, &special) != 0) return false;
  special.cs = {.base = 0,
                .limit = 0xFFFF'FFFF,
                .selector = 8,
                .type = 11,
                .present = 1,
                .dpl = 0,
                .db = 0,
                .s = 1,
                .l = 1,
                .g = 1,
                .avl = 0,
                .unusable = 0,
                .padding = 0};
  special.ds = special.es = special.ss = special.cs;
  for (kvm_segment* segment : {&special.ds, &special.es, &special.ss}) {
    segment->selector = 16;
    segment->type = 3;
    segment->l = 0;
    segment->db = 1;
  }
  special.cr3 = 0x1000;
  special.cr4 = 1U << 5;                  // PAE
  special.cr0 = (1U << 31) | 1U;          // PG, PE
  special.efer = (1U << 10) | (1U << 8);  // LMA, LME
  kvm_regs registers{};
  registers.rip = kCode;
  registers.rflags = 2;
  return ::ioctl(vcpu, KVM_SET_SREGS, &special) == 0 && ::ioctl(vcpu, KVM_SET_REGS, &registers) == 0;
}

bool runs_program(int kvm) {
  if (::ioctl(kvm, KVM_GET_API_VERSION, 0) != KVM_API_VERSION) return false;
  const UniqueFd vm(::ioctl(kvm, KVM_CREATE_VM, 0));
  void* const memory = ::mmap(nullptr, kMemory, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (!vm.valid() || memory == MAP_FAILED) return false;
  fill_memory(static_cast<char*>(memory));
  kvm_userspace_memory_region region{};
  region.memory_size = kMemory;
  region.userspace_addr = reinterpret_cast<std::uint64_t>(memory);
  if (::ioctl(vm.get(), KVM_SET_USER_MEMORY_REGION, &region) != 0) return false;
  const UniqueFd vcpu(::ioctl(vm.get(), KVM_CREATE_VCPU, 0));
  const int size = ::ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
  if (!vcpu.valid() || size <= 0 || !enter_long_mode(vcpu.get())) return false;
  void* const shared =
      ::mmap(nullptr, static_cast<std::size_t>(size), PROT_READ | PROT_WRITE, MAP_SHARED, vcpu.get(), 0);
  if (shared == MAP_FAILED) return false;
  const auto* run = static_cast<const kvm_run*>(shared);
  if (posix::retry([&] { return ::ioctl(vcpu.get(), KVM_RUN, 0); }) != 0) return false;
  return run->exit_reason == KVM_EXIT_IO && run->io.direction == KVM_EXIT_IO_OUT &&
         static_cast<const std::uint8_t*>(shared)[run->io.data_offset] == kDone;
}

}  // namespace

// In a child, which is ended when it takes too long: KVM_RUN itself has no time limit.
bool kvm_boots_guests() {
  const UniqueFd kvm(::open("/dev/kvm", O_RDWR | O_CLOEXEC));
  if (!kvm.valid()) return false;
  const pid_t child = ::fork();
  if (child < 0) return false;
  if (child == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::_exit(runs_program(kvm.get()) ? 0 : 1);
  }
  const UniqueFd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, child, 0)));
  pollfd ended{pidfd.get(), POLLIN, 0};
  if (posix::retry([&] { return ::poll(&ended, 1, kTimeMs); }) <= 0) ::kill(child, SIGKILL);
  int status = 0;
  posix::retry([&] { return ::waitpid(child, &status, 0); });
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

}  // namespace microvm::standin::qemu
