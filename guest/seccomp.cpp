#include "guest/seccomp.h"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cstddef>

#include "guest/syscalls.h"

namespace microvm::guest {
namespace {

#if defined(__x86_64__) && !defined(__ILP32__)
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_AARCH64;
#else
#error "guest/syscalls.h has been checked for x86_64 and aarch64 only"
#endif

static_assert(std::endian::native == std::endian::little, "arguments are read as two halves, the lower one first");

constexpr std::uint32_t kNumber = offsetof(seccomp_data, nr);

constexpr sock_filter load(std::size_t offset) {
  return {BPF_LD | BPF_W | BPF_ABS, 0, 0, static_cast<std::uint32_t>(offset)};
}
constexpr sock_filter mask(std::uint64_t bits) {
  return {BPF_ALU | BPF_AND | BPF_K, 0, 0, static_cast<std::uint32_t>(bits)};
}
constexpr sock_filter answer(std::uint32_t action) { return {BPF_RET | BPF_K, 0, 0, action}; }
// Compares what is loaded: how many instructions to skip if it is `value`, and if it is not.
constexpr sock_filter branch(std::uint32_t value, std::uint8_t equal, std::uint8_t other) {
  return {BPF_JMP | BPF_JEQ | BPF_K, equal, other, value};
}

constexpr sock_filter kAllow = answer(SECCOMP_RET_ALLOW);
constexpr sock_filter kRefuse = answer(SECCOMP_RET_ERRNO | ENOSYS);

struct Program {
  std::array<sock_filter, 9 * (std::size(kAllowedCalls) + std::size(kGlibcCalls)) + 5> code{};
  std::size_t size = 0;

  constexpr void add(std::initializer_list<sock_filter> more) {
    for (const sock_filter& instruction : more) code[size++] = instruction;
  }
  constexpr void add(const AllowedCall& call) {
    const std::size_t argument = offsetof(seccomp_data, args) + 8U * call.argument;
    if (call.mask == 0) return add({branch(call.number, 0, 1), kAllow});
    add({branch(call.number, 0, 8), load(argument), mask(call.mask), branch(call.value, 0, 4), load(argument + 4),
         mask(call.mask >> 32), branch(0, 0, 1), kAllow, load(kNumber)});
  }
};

// x32's calls have the architecture of x86_64 and numbers that no row has.
constexpr Program kProgram = [] {
  Program program;
  program.add({load(offsetof(seccomp_data, arch)), branch(kArchitecture, 1, 0), kRefuse, load(kNumber)});
  for (const AllowedCall& call : kAllowedCalls) program.add(call);
#ifdef __GLIBC__
  for (const AllowedCall& call : kGlibcCalls) program.add(call);
#endif
  program.add({kRefuse});
  return program;
}();

constexpr auto kFilter = [] {
  std::array<sock_filter, kProgram.size> filter{};
  std::copy_n(kProgram.code.begin(), filter.size(), filter.begin());
  return filter;
}();

}  // namespace

bool filter_syscalls() noexcept {
  const sock_fprog program{kFilter.size(), const_cast<sock_filter*>(kFilter.data())};
  // Nothing foreign runs in this process: it may speculate as before, which older kernels take away unasked.
  constexpr unsigned kFlags = SECCOMP_FILTER_FLAG_SPEC_ALLOW;
  if (::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, kFlags, &program) != 0) return false;
  return ::prctl(PR_GET_SECCOMP) < 0 && errno == ENOSYS;  // prctl is not in the list
}

}  // namespace microvm::guest
