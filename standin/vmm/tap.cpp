#include "standin/vmm/tap.h"

#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <sys/ioctl.h>

#include <cerrno>
#include <cstring>

#include "standin/vmm/files.h"

namespace microvm::standin {

Result<Tap> open_tap(const std::string& name) {
  auto fd = open_file("/dev/net/tun", O_RDWR | O_NONBLOCK);
  if (!fd) return refuse_in(fd, "OpenTun", "Couldn't open /dev/net/tun: ");
  if (name.size() >= IFNAMSIZ) return refuse("InvalidIfname", "Invalid interface name");
  ifreq request{};
  std::memcpy(request.ifr_name, name.data(), name.size());
  request.ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR;
  if (::ioctl(fd->get(), TUNSETIFF, &request) != 0) {
    const Fault why = errno_fault(errno);
    return refuse("IfreqExecuteError(" + why.debug + ", \"" + name + "\")",
                  "Error while creating ifreq structure: " + why.text + ". Invalid TUN/TAP Backend provided by " +
                      name + ". Check our documentation on setting up the network devices.");
  }
  constexpr int kVnetHeaderSize = 12;
  int size = kVnetHeaderSize;
  if (::ioctl(fd->get(), TUNSETVNETHDRSZ, &size) != 0) return std::unexpected(errno_fault(errno));
  return Tap{std::move(*fd), request.ifr_name};
}

}  // namespace microvm::standin
