#include "standin/qemu/transport_reset.h"

#include <unistd.h>

#include "standin/qemu/json_words.h"

namespace microvm::standin::qemu {
namespace {

constexpr std::uint64_t kEventQueue = 2;
constexpr std::uint64_t kIndexInRing = 2;  // behind the flags of a ring of what is available

// Where an address of the guest lies in its memory: q35 leaves a hole below 4 GiB.
std::uint64_t offset_of(std::uint64_t address, std::uint64_t memory_bytes) {
  constexpr std::uint64_t kHoleFrom = 0xB000'0000, kLowWithHole = 0x8000'0000, kHigh = 1ULL << 32;
  const std::uint64_t low = memory_bytes >= kHoleFrom ? kLowWithHole : memory_bytes;
  return address < low ? address : address - kHigh + low;
}

}  // namespace

std::optional<TransportReset> TransportReset::of(Machine& machine, const Place& vsock, int memory,
                                                 std::uint64_t memory_bytes) {
  const auto queue = machine.ask(
      "x-query-virtio-queue-status",
      {{"path", value("/machine/peripheral/" + vsock.name + "/virtio-backend")}, {"queue", value(kEventQueue)}});
  const std::uint64_t ring = queue ? number_of(member(*queue, "vring-avail")) : 0;
  if (ring == 0) return std::nullopt;
  return TransportReset(memory, offset_of(ring, memory_bytes) + kIndexInRing);
}

std::uint16_t TransportReset::offered() const {
  std::uint16_t count = 0;
  [[maybe_unused]] const ssize_t n = ::pread(memory_, &count, sizeof count, static_cast<off_t>(at_));
  return count;
}

bool TransportReset::is_done() const { return offered() != offered_; }

}  // namespace microvm::standin::qemu
