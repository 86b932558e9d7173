// A virtio-vsock device as QEMU plugs it: what QEMU says of it over vhost-user, and its two rings.
#pragma once

#include <cstdint>
#include <span>

#include "common/base/unique_fd.h"
#include "standin/vsock/guest_memory.h"
#include "standin/vsock/message.h"
#include "standin/vsock/virtqueue.h"

namespace microvm::standin::vsock {

class Device {
 public:
  /// The rings' kicks are reported by `epoll` with these tokens.
  struct Tokens {
    std::uint32_t to_guest;
    std::uint32_t from_guest;
  };
  Device(UniqueFd socket, std::uint64_t guest_cid, int epoll, Tokens tokens);

  [[nodiscard]] int socket() const noexcept { return socket_.get(); }
  /// Handles one message, so that no change goes unseen; false: the device is gone.
  bool serve();

  /// Between the driver's start and its end, but for pauses of the guest.
  [[nodiscard]] bool runs() const noexcept { return to_guest().runs() && from_guest().runs(); }
  /// The driver has only just started: nothing has gone through the rings yet.
  [[nodiscard]] bool is_fresh() const noexcept { return to_guest().next() == 0 && from_guest().next() == 0; }

  [[nodiscard]] const GuestMemory& memory() const noexcept { return memory_; }
  [[nodiscard]] Virtqueue& to_guest() noexcept { return queues_[0]; }
  [[nodiscard]] Virtqueue& from_guest() noexcept { return queues_[1]; }
  [[nodiscard]] const Virtqueue& to_guest() const noexcept { return queues_[0]; }
  [[nodiscard]] const Virtqueue& from_guest() const noexcept { return queues_[1]; }

 private:
  enum class Outcome { Done, Refused, Answered };
  struct Rule;
  static std::span<const Rule> rules();

  Outcome handle(Message& message);
  Outcome answer(std::uint64_t value);
  Outcome get_features(Message& message);
  Outcome set_features(Message& message);
  Outcome nothing(Message& message);
  Outcome set_memory(Message& message);
  Outcome set_vring_num(Message& message);
  Outcome set_vring_addresses(Message& message);
  Outcome set_vring_base(Message& message);
  Outcome get_vring_base(Message& message);
  Outcome set_vring_kick(Message& message);
  Outcome set_vring_call(Message& message);
  Outcome set_vring_enable(Message& message);
  Outcome get_protocol_features(Message& message);
  Outcome get_config(Message& message);
  Virtqueue* queue_of(const Message& message);

  UniqueFd socket_;
  const std::uint64_t guest_cid_;
  MessageReader reader_;
  GuestMemory memory_;
  Virtqueue queues_[2];  // NOLINT: neither copied nor moved
};

}  // namespace microvm::standin::vsock
