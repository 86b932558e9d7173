#include "guest/hardening.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <algorithm>
#include <limits>

#include "common/base/unique_fd.h"

namespace microvm::guest {

void harden_process() noexcept {
  ::prctl(PR_SET_DUMPABLE, 0);
  const rlimit no_core{0, 0};
  ::setrlimit(RLIMIT_CORE, &no_core);
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) == 0) {
    files.rlim_cur = files.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &files);
  }
  ::signal(SIGPIPE, SIG_IGN);
  ::signal(SIGIO, SIG_IGN);  // what opens a file that is being scrubbed breaks its lease
  ::umask(0);
}

unsigned free_descriptors() noexcept {
  rlimit files{};
  const UniqueFd lowest(::open("/", O_PATH | O_CLOEXEC));
  if (!lowest.valid() || ::getrlimit(RLIMIT_NOFILE, &files) != 0) return 0;
  const rlim_t most = std::min<rlim_t>(files.rlim_cur, std::numeric_limits<int>::max());
  return static_cast<unsigned>(most - std::min<rlim_t>(most, static_cast<rlim_t>(lowest.get())));
}

}  // namespace microvm::guest
