// What Firecracker's metrics tell of a vsock device, by their names there; counted since the device was made.
#pragma once

#include <cstdint>

namespace microvm::standin::vsock {

struct Counters {
  std::uint64_t conns_added = 0;
  std::uint64_t conns_removed = 0;
  std::uint64_t conns_killed = 0;
  std::uint64_t rx_packets_count = 0;  ///< to the guest
  std::uint64_t rx_bytes_count = 0;
  std::uint64_t tx_packets_count = 0;  ///< from the guest
  std::uint64_t tx_bytes_count = 0;    ///< taken by the host's streams
};

}  // namespace microvm::standin::vsock
