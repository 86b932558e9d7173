// Which system calls the daemon makes while it serves, and how each can fail. Left out is what would be a lie about the
// files, not a failure: ENOENT for a file that is there, ELOOP from an open that does not follow for what is no
// symlink.
#include "tests/faults/errnos.h"

#include <sys/syscall.h>

#include <algorithm>
#include <cerrno>

namespace microvm::faults {
namespace {

const std::vector<CallRule>& rules() {
  static const std::vector<CallRule> all = {
      {SYS_epoll_pwait, "epoll_pwait", Kind::Other, {EINTR}},
      {SYS_epoll_ctl, "epoll_ctl", Kind::Other, {ENOMEM, ENOSPC}},
      {SYS_accept4, "accept4", Kind::Other, {EMFILE, ENFILE, ENOMEM, ENOBUFS, ECONNABORTED, EINTR, EPERM}},
      {SYS_getsockopt, "getsockopt", Kind::Other, {ENOMEM, ENOBUFS}},
      {SYS_recvfrom, "recvfrom", Kind::Reply, {EINTR, EAGAIN, ECONNRESET, ENOMEM}},
      {SYS_sendto, "sendto", Kind::Reply, {EINTR, EAGAIN, EPIPE, ECONNRESET, ENOBUFS, ENOMEM}},
      {SYS_poll, "poll", Kind::Other, {EINTR, ENOMEM}},

      {SYS_openat, "openat", Kind::Change, {EMFILE, ENFILE, ENOMEM, EACCES, EINTR, ENOSPC, EDQUOT, EROFS, EIO}},
      {SYS_write, "write", Kind::Change, {ENOSPC, EDQUOT, EIO, EFBIG, EINTR, ENOMEM}},
      {SYS_renameat, "renameat", Kind::Change, {ENOSPC, EDQUOT, EIO, EROFS, ENOMEM, EACCES, EXDEV, EBUSY}},
      {SYS_renameat2, "renameat2", Kind::Change, {EINVAL, ENOSPC, EDQUOT, EIO, EROFS, ENOMEM, EACCES, EBUSY}},
      {SYS_linkat, "linkat", Kind::Change, {EMLINK, EXDEV, EPERM, ENOSPC, EDQUOT, EIO, EROFS, ENOMEM}},
      {SYS_mkdirat, "mkdirat", Kind::Change, {EMLINK, ENOSPC, EDQUOT, EIO, EROFS, ENOMEM, EACCES}},
      {SYS_unlinkat, "unlinkat", Kind::Change, {EIO, EROFS, ENOMEM, EACCES, EBUSY}},
      {SYS_ftruncate, "ftruncate", Kind::Change, {EIO, EINTR}},
      {SYS_fchmod, "fchmod", Kind::Change, {EIO, EROFS, EPERM}},
      {SYS_fsync, "fsync", Kind::Sync, {EIO, ENOSPC, EDQUOT, EROFS, EINTR}},
      {SYS_sync_file_range, "sync_file_range", Kind::Other, {EIO, ENOSPC, ENOSYS}},
      {SYS_pwrite64, "pwrite64", Kind::Scrub, {ENOSPC, EDQUOT, EIO, EINTR}},
      {SYS_fdatasync, "fdatasync", Kind::Scrub, {EIO, ENOSPC, EINTR}},

      {SYS_read, "read", Kind::Other, {EIO, EINTR, ENOMEM}},
      {SYS_getdents64, "getdents64", Kind::Other, {EIO, ENOMEM, EINTR}},
      {SYS_stat, "stat", Kind::Other, {EIO, ENOMEM, EACCES, ELOOP}},
      {SYS_lstat, "lstat", Kind::Other, {EIO, ENOMEM, EACCES, ELOOP}},
      {SYS_fstat, "fstat", Kind::Other, {EIO, ENOMEM}},
      {SYS_newfstatat, "newfstatat", Kind::Other, {EIO, ENOMEM, EACCES}},
      {SYS_fcntl, "fcntl", Kind::Other, {EAGAIN, ENOLCK, ENOMEM, EINVAL}},
      {SYS_close, "close", Kind::Other, {EIO, EINTR, ENOSPC, EDQUOT}},
      {SYS_geteuid, "geteuid", Kind::Other, {}},

      {SYS_brk, "brk", Kind::Other, {ENOMEM}},
      {SYS_mmap, "mmap", Kind::Other, {ENOMEM}},
      {SYS_munmap, "munmap", Kind::Other, {ENOMEM}},
      {SYS_madvise, "madvise", Kind::Other, {ENOMEM}},
  };
  return all;
}

}  // namespace

const CallRule* rule_of(std::uint64_t number) {
  const auto found = std::ranges::find(rules(), number, &CallRule::number);
  return found == rules().end() ? nullptr : &*found;
}

}  // namespace microvm::faults
