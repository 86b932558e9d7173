// What the guest has sent and the host's stream does not take yet. The guest never has more under way: it is told how
// much room there is.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <vector>

#include "standin/vsock/buffers.h"

namespace microvm::standin::vsock {

class SendBuffer {
 public:
  static constexpr std::size_t kCapacity = 64 * 1024;

  [[nodiscard]] bool empty() const noexcept { return bytes_.empty(); }
  /// False when it does not all fit; nothing is kept then.
  [[nodiscard]] bool push(const Buffers& data);
  /// What the stream took; -1 with errno.
  ssize_t flush(int stream);

 private:
  std::vector<char> bytes_;
  std::size_t sent_ = 0;
};

}  // namespace microvm::standin::vsock
