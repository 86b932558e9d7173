// The system calls of a daemon that serves: the whole list. Whatever is not in it is answered ENOSYS.
#pragma once

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include <cstdint>

namespace microvm::guest {

/// One call, allowed if `(argument & mask) == value`. A call with several rows is allowed if one of them allows it.
struct AllowedCall {
  const char* name;  ///< for tests: the program does not contain it
  std::uint32_t number;
  std::uint8_t argument = 0;
  std::uint64_t mask = 0;
  std::uint32_t value = 0;
};

inline constexpr std::uint64_t kWholeInt = 0xffffffff;
inline constexpr std::uint64_t kWholePointer = ~std::uint64_t{0};
inline constexpr std::uint64_t kSetIdBits = 07000;  // root's own set-id file would be a way around all of this

// tests/confinement compares this with what the daemon really calls: no row is missing, none is there for nothing. No
// rt_sigreturn, for there are no signal handlers; no restart_syscall, for no wait of the daemon is one that it resumes.
// Beware of what a C library makes of ENOSYS: glibc takes it from brk for success, musl from mprotect.
#define MICROVM_CALL(name, ...) {#name, SYS_##name __VA_OPT__(, ) __VA_ARGS__}
inline constexpr AllowedCall kAllowedCalls[] = {
    MICROVM_CALL(recvfrom),
    MICROVM_CALL(sendto, 4, kWholePointer, 0),  // to its peer, never to an address
    MICROVM_CALL(epoll_pwait),
    MICROVM_CALL(clock_gettime),  // where the vDSO has no clock
    MICROVM_CALL(openat, 3, kSetIdBits, 0),
    MICROVM_CALL(close),
    MICROVM_CALL(read),
    MICROVM_CALL(write),
    MICROVM_CALL(pwrite64),
    MICROVM_CALL(fsync),
    MICROVM_CALL(fdatasync),
    MICROVM_CALL(sync_file_range),
    MICROVM_CALL(ftruncate),
    MICROVM_CALL(fstat),
    MICROVM_CALL(newfstatat),
    MICROVM_CALL(fchmod, 1, kSetIdBits, 0),
    MICROVM_CALL(fchown),
    MICROVM_CALL(fcntl, 1, kWholeInt, F_SETLEASE),
    MICROVM_CALL(fcntl, 1, kWholeInt, F_GETFL),  // fdopendir
    MICROVM_CALL(fcntl, 1, kWholeInt, F_SETFD),  // likewise
    MICROVM_CALL(getdents64),
    MICROVM_CALL(renameat),
    MICROVM_CALL(renameat2),
    MICROVM_CALL(linkat),
    MICROVM_CALL(unlinkat),
    MICROVM_CALL(mkdirat),
    MICROVM_CALL(accept4),
    MICROVM_CALL(epoll_ctl),
    MICROVM_CALL(getsockopt),
    MICROVM_CALL(geteuid),
    MICROVM_CALL(mmap, 2, PROT_EXEC, 0),
    MICROVM_CALL(mprotect, 2, PROT_EXEC, 0),
    MICROVM_CALL(munmap),
    MICROVM_CALL(exit_group),
#ifdef SYS_poll  // x86_64 has the old ones, and its C libraries prefer them
    MICROVM_CALL(poll),
    MICROVM_CALL(stat),
    MICROVM_CALL(lstat),
    MICROVM_CALL(unlink),
#else
    MICROVM_CALL(ppoll),
#endif
};

/// What glibc calls beside.
inline constexpr AllowedCall kGlibcCalls[] = {
    MICROVM_CALL(brk),  // musl does with mmap
#ifdef SYS_epoll_wait
    MICROVM_CALL(epoll_wait),
#endif
};
#undef MICROVM_CALL

}  // namespace microvm::guest
