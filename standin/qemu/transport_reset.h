// The reset of a restored guest's vsock. QEMU tells the guest of it once it runs, and the guest then ends all
// connections that it has: one that was made a moment before would be lost.
#pragma once

#include <cstdint>
#include <optional>

#include "standin/qemu/layout.h"
#include "standin/qemu/machine.h"

namespace microvm::standin::qemu {

class TransportReset {
 public:
  /// Of a guest that was restored and does not run yet; nothing where its driver has not taken the device.
  static std::optional<TransportReset> of(Machine& machine, const Place& vsock, int memory, std::uint64_t memory_bytes);

  /// The guest has done what it has to do: it offers room for the next event.
  [[nodiscard]] bool is_done() const;

 private:
  TransportReset(int memory, std::uint64_t at) : memory_(memory), at_(at), offered_(offered()) {}
  [[nodiscard]] std::uint16_t offered() const;

  int memory_;
  std::uint64_t at_;  ///< in the memory: how often the guest has offered room
  std::uint16_t offered_;
};

}  // namespace microvm::standin::qemu
