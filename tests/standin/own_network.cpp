#include "tests/standin/own_network.h"

#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>

#include <cerrno>
#include <cstring>
#include <system_error>

namespace microvm::test {

UniqueFd hold_tap(const char* name) {
  UniqueFd tap(::open("/dev/net/tun", O_RDWR | O_CLOEXEC));
  ifreq request{};
  std::strncpy(request.ifr_name, name, sizeof request.ifr_name - 1);
  request.ifr_flags = IFF_TAP | IFF_NO_PI;
  if (!tap.valid() || ::ioctl(tap.get(), TUNSETIFF, &request) != 0)
    throw std::system_error(errno, std::generic_category(), std::string("cannot have the TAP ") + name);
  return tap;
}

bool own_network(std::initializer_list<const char*> taps) {
  if (::unshare(CLONE_NEWNET) != 0) return false;
  for (const char* name : taps)
    if (const UniqueFd tap = hold_tap(name); ::ioctl(tap.get(), TUNSETPERSIST, 1) != 0)
      throw std::system_error(errno, std::generic_category(), std::string("cannot keep the TAP ") + name);
  return true;
}

}  // namespace microvm::test
