// The vsock device of a microVM: Firecracker's, with QEMU in between.
//
// The guest's virtio rings come by the vhost-user protocol, as QEMU's `vhost-user-vsock-pci` speaks it; the guest's
// memory must be shared. What stands behind them is Firecracker's: CONNECT on the socket at `uds_path`, calls of the
// guest to `<uds_path>_<port>`.
//
// One thread: poll event_fd() for reading and call on_event(). QEMU waits for answers while it makes, starts, stops and
// removes the device, so whoever waits for QEMU (its start, an answer of its monitor) goes on serving this meanwhile.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "common/base/unique_fd.h"
#include "standin/model/fault.h"
#include "standin/vsock/counters.h"

namespace microvm::standin::vsock {

class Front {
 public:
  struct Options {
    int listener = -1;     ///< bound and listening at `uds_path`; stays the caller's
    std::string uds_path;  ///< calls of the guest go to `<uds_path>_<port>`
    std::uint64_t guest_cid = 3;
    std::uint32_t last_host_port = kNoHostPortYet;  ///< of the front before it, for a restored guest
  };
  static constexpr std::uint32_t kNoHostPortYet = (1U << 30) - 1;

  static Result<Front> open(Options options);

  Front(Front&&) noexcept;
  Front& operator=(Front&&) noexcept;
  ~Front();

  /// QEMU's end of a new vhost-user connection, for `-chardev socket,id=C,fd=N` or, over the monitor, `getfd` and
  /// `chardev-add` with an address of type `fd`. The device plugged before it (if any) is gone with all connections.
  Result<UniqueFd> attach();

  /// All connections end, on the host and in the guest; its listeners stay, and host ports count on. Firecracker does
  /// so when a snapshot is asked for.
  void reset();

  /// Dials wait in the listener's queue meanwhile.
  void hold_dials(bool on);

  /// The guest's driver has taken the device: until then dials are held in the listener's queue.
  [[nodiscard]] bool driver_is_up() const noexcept;
  [[nodiscard]] std::uint32_t last_host_port() const noexcept;
  [[nodiscard]] const Counters& counters() const noexcept;

  [[nodiscard]] int event_fd() const noexcept;
  void on_event();

 private:
  class Impl;
  explicit Front(std::unique_ptr<Impl> impl) noexcept;
  std::unique_ptr<Impl> impl_;
};

}  // namespace microvm::standin::vsock
