// One ring of a virtio device, from the device's side: a split ring without any option (virtio 1.2, 2.7).
#pragma once

#include <cstddef>
#include <cstdint>

#include "common/base/unique_fd.h"
#include "standin/vsock/buffers.h"
#include "standin/vsock/guest_memory.h"

namespace microvm::standin::vsock {

class Virtqueue {
 public:
  static constexpr std::uint32_t kMaxSize = 1024;

  /// Kicks of the guest are reported by `epoll` with `token`.
  Virtqueue(int epoll, std::uint32_t token) noexcept : epoll_(epoll), token_(token) {}
  Virtqueue(const Virtqueue&) = delete;
  Virtqueue& operator=(const Virtqueue&) = delete;
  ~Virtqueue() { stop(); }

  /// Where the parts lie in QEMU.
  struct Addresses {
    std::uint64_t descriptors = 0;
    std::uint64_t used = 0;
    std::uint64_t available = 0;
  };
  [[nodiscard]] bool set_size(std::uint32_t size) noexcept;
  void set_addresses(const Addresses& addresses) noexcept { addresses_ = addresses; }
  void set_next(std::uint16_t next) noexcept { next_ = next; }
  void set_call(UniqueFd call) noexcept { call_ = std::move(call); }
  void enable(bool on) noexcept { enabled_ = on; }
  /// Finds the parts in the guest's memory: at start, and when the memory has changed. False: they are not there.
  bool locate(const GuestMemory& memory) noexcept;
  bool start(UniqueFd kick) noexcept;
  /// The ring is left alone from here on; returns where to go on.
  std::uint16_t stop() noexcept;

  [[nodiscard]] bool runs() const noexcept { return kick_.valid() && enabled_ && descriptors_ != nullptr; }
  [[nodiscard]] std::uint16_t next() const noexcept { return next_; }

  struct Chain {
    std::uint16_t head = 0;
    Buffers readable;
    Buffers writable;
  };
  /// What the guest has made available next, false: nothing. It stays so until it is used. A chain that breaks a rule
  /// comes without buffers.
  bool peek(const GuestMemory& memory, Chain& chain);
  void use(const Chain& chain, std::uint32_t written) noexcept;
  /// Tells the guest, once for all that was used since.
  void notify() noexcept;

  void take_kick() const noexcept;
  /// As if the guest had kicked: more is there than one turn takes.
  void kick_again() const noexcept;

 private:
  struct Descriptor;
  struct Used;

  bool walk(const GuestMemory& memory, Chain& chain) const;

  const int epoll_;
  const std::uint32_t token_;
  Addresses addresses_;
  std::uint32_t size_ = 0;
  std::uint16_t next_ = 0;  ///< of the available ones; counts on, as the ring's own indices do
  bool enabled_ = false;
  bool has_news_ = false;
  UniqueFd kick_;
  UniqueFd call_;
  const Descriptor* descriptors_ = nullptr;
  std::uint16_t* available_ = nullptr;  ///< flags, index, entries
  std::uint16_t* used_head_ = nullptr;  ///< flags, index
  Used* used_ = nullptr;
};

}  // namespace microvm::standin::vsock
