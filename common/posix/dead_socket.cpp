#include "common/posix/dead_socket.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "common/base/unique_fd.h"
#include "common/posix/unix_address.h"

namespace microvm::posix {

void remove_dead_socket(std::string_view path) noexcept {
  struct stat found{};
  const auto address = unix_address(path);
  if (!address || ::lstat(address->sun_path, &found) != 0 || !S_ISSOCK(found.st_mode)) return;
  const UniqueFd probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (probe.valid() && ::connect(probe.get(), reinterpret_cast<const sockaddr*>(&*address), sizeof *address) != 0 &&
      errno == ECONNREFUSED)
    ::unlink(address->sun_path);
}

}  // namespace microvm::posix
