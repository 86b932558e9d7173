#include "tests/support/own_mounts.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>

#include "common/base/unique_fd.h"
#include "tests/support/temp_dir.h"

namespace microvm::test {
namespace {

bool make_private(const char* root) { return ::mount(nullptr, root, nullptr, MS_REC | MS_PRIVATE, nullptr) == 0; }

// The root of a chroot is no mount. Whoever is outside of his root can walk up to the real one, which is.
bool make_private_from_chroot() {
  const UniqueFd root(::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
  const UniqueFd here(::open(".", O_PATH | O_DIRECTORY | O_CLOEXEC));
  const TempDir elsewhere;
  if (::chroot(elsewhere.path().c_str()) != 0) return false;
  bool done = ::fchdir(root.get()) == 0;
  while (done && !std::filesystem::equivalent(".", "..")) done = ::chdir("..") == 0;
  done = done && make_private(".");
  return ::fchdir(root.get()) == 0 && ::chroot(".") == 0 && ::fchdir(here.get()) == 0 && done;
}

}  // namespace

bool own_mounts() {
  if (::unshare(CLONE_NEWNS) != 0) return false;
  if (make_private("/") || (errno == EINVAL && make_private_from_chroot())) return true;
  throw std::system_error(errno, std::generic_category(), "cannot make the mounts of this process its own");
}

}  // namespace microvm::test
