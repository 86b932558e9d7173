// Opening what devices are made of.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "standin/vmm/actions.h"
#include "standin/vmm/files.h"
#include "standin/vmm/tap.h"

namespace microvm::standin {
namespace {

bool is_vhost_user(const Drive& drive) {
  return drive.socket && !drive.path_on_host && !drive.is_read_only && !drive.rate_limiter && !drive.io_engine;
}

Result<DriveDevice> open_vhost_user(const Drive& drive) {
  auto backend = connect_to(*drive.socket);
  if (!backend)
    return refuse_in(backend, "VhostUserBackend",
                     "Vhost user backend error: Vhost-user error: Failed to connect to UDS Unix stream: ");
  return DriveDevice{drive, {}};
}

}  // namespace

Result<DriveDevice> open_drive(const Drive& drive) {
  if (!drive.path_on_host || drive.socket)
    return is_vhost_user(drive) ? open_vhost_user(drive) : refuse("InvalidBlockConfig", "Invalid block config.");
  DriveDevice device{drive, {}};
  device.config.is_read_only = drive.is_read_only.value_or(false);
  device.config.io_engine = drive.io_engine.value_or(IoEngine::Sync);
  device.config.rate_limiter = effective(drive.rate_limiter);
  auto file = open_file(*drive.path_on_host, *device.config.is_read_only ? O_RDONLY : O_RDWR);
  if (!file) {
    const Fault& why = file.error();
    return refuse("VirtioBackend(BackingFile(" + why.debug + ", " + json::debug_quoted(*drive.path_on_host) + "))",
                  "Virtio backend error: Error manipulating the backing file: " + why.text + " " + *drive.path_on_host);
  }
  device.file = std::move(*file);
  return device;
}

Result<NetworkDevice> open_interface(const NetworkInterface& interface) {
  constexpr int kLeastMtu = 68;
  auto tap = open_tap(interface.host_dev_name);
  if (!tap) return refuse_in(tap, "TapOpen", "Open tap device failed: ");
  if (interface.mtu && *interface.mtu < kLeastMtu) {
    const std::string mtu = std::to_string(*interface.mtu);
    return refuse("InvalidMtu(" + mtu + ")", "MTU " + mtu + " is out of range [68, 65535]");
  }
  NetworkDevice device{interface, std::move(tap->fd)};
  device.config.host_dev_name = tap->name;
  device.config.rx_rate_limiter = effective(interface.rx_rate_limiter);
  device.config.tx_rate_limiter = effective(interface.tx_rate_limiter);
  return device;
}

Result<VsockDevice> open_vsock(const Vsock& vsock) {
  auto listener = listen_at(vsock.uds_path);
  if (!listener) return refuse_in(listener, "UnixBind", "Error binding to the host-side Unix socket: ");
  return VsockDevice{vsock, std::move(*listener)};
}

Done check_pmem(const Pmem& pmem) {
  constexpr std::string_view kPrefix = "Error accessing backing file: ";
  auto file = open_file(pmem.path_on_host, pmem.read_only ? O_RDONLY : O_RDWR);
  if (!file) return refuse_in(file, "BackingFile", kPrefix);
  struct stat info{};
  if (::fstat(file->get(), &info) != 0) return std::unexpected(errno_fault(errno).in("BackingFile", kPrefix));
  if (info.st_size == 0) return refuse("BackingFileZeroSize", "Error backing file size is 0");
  return {};
}

}  // namespace microvm::standin
