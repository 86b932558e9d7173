#include "standin/vsock/virtqueue.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>

#include <atomic>
#include <bit>
#include <cstring>

namespace microvm::standin::vsock {

struct Virtqueue::Descriptor {
  std::uint64_t address;
  std::uint32_t size;
  std::uint16_t flags;
  std::uint16_t next;
};
struct Virtqueue::Used {
  std::uint32_t head;
  std::uint32_t written;
};

namespace {

constexpr std::uint16_t kHasNext = 1;
constexpr std::uint16_t kWritable = 2;
constexpr std::uint16_t kIndirect = 4;
constexpr std::uint16_t kNoInterrupt = 1;  // a flag of the available ring

std::uint16_t load(std::uint16_t& at) noexcept { return std::atomic_ref(at).load(std::memory_order_acquire); }

template <class T>
T* aligned(std::byte* at) noexcept {
  return reinterpret_cast<std::uintptr_t>(at) % alignof(T) == 0 ? reinterpret_cast<T*>(at) : nullptr;
}

}  // namespace

bool Virtqueue::set_size(std::uint32_t size) noexcept {
  if (!std::has_single_bit(size) || size > kMaxSize) return false;
  size_ = size;
  return true;
}

bool Virtqueue::locate(const GuestMemory& memory) noexcept {
  constexpr std::size_t kHead = 2 * sizeof(std::uint16_t);
  descriptors_ = aligned<Descriptor>(memory.at_qemu(addresses_.descriptors, size_ * sizeof(Descriptor)));
  available_ = aligned<std::uint16_t>(memory.at_qemu(addresses_.available, kHead + size_ * sizeof(std::uint16_t)));
  std::byte* used = memory.at_qemu(addresses_.used, kHead + size_ * sizeof(Used));
  used_head_ = aligned<std::uint16_t>(used);
  used_ = used == nullptr ? nullptr : aligned<Used>(used + kHead);
  if (size_ != 0 && descriptors_ != nullptr && available_ != nullptr && used_ != nullptr) return true;
  descriptors_ = nullptr;
  return false;
}

bool Virtqueue::start(UniqueFd kick) noexcept {
  stop();
  kick_ = std::move(kick);
  epoll_event event{.events = EPOLLIN, .data = {.u32 = token_}};
  return ::epoll_ctl(epoll_, EPOLL_CTL_ADD, kick_.get(), &event) == 0;
}

// QEMU has the same kick open: closing ours alone would leave it in the set.
std::uint16_t Virtqueue::stop() noexcept {
  if (kick_.valid()) ::epoll_ctl(epoll_, EPOLL_CTL_DEL, kick_.get(), nullptr);
  kick_.reset();
  return next_;
}

bool Virtqueue::walk(const GuestMemory& memory, Chain& chain) const {
  std::uint32_t index = chain.head;
  for (std::uint32_t count = 0; count < size_ && index < size_; ++count) {
    Descriptor part{};
    std::memcpy(&part, &descriptors_[index], sizeof part);  // the guest may write it meanwhile: looked at once
    std::byte* at = memory.at_guest(part.address, part.size);
    if (at == nullptr || (part.flags & kIndirect) != 0) return false;
    ((part.flags & kWritable) != 0 ? chain.writable : chain.readable).add(at, part.size);
    if ((part.flags & kHasNext) == 0) return true;
    index = part.next;
  }
  return false;
}

bool Virtqueue::peek(const GuestMemory& memory, Chain& chain) {
  const auto waiting = static_cast<std::uint16_t>(load(available_[1]) - next_);
  if (waiting == 0 || waiting > size_) return false;  // more than fit: the guest is out of its mind, or resets
  chain.head = load(available_[2 + next_ % size_]);
  chain.readable.clear();
  chain.writable.clear();
  if (walk(memory, chain)) return true;
  chain.readable.clear();
  chain.writable.clear();
  return true;
}

void Virtqueue::use(const Chain& chain, std::uint32_t written) noexcept {
  const std::uint16_t index = load(used_head_[1]);
  used_[index % size_] = {chain.head, written};
  std::atomic_ref(used_head_[1]).store(static_cast<std::uint16_t>(index + 1), std::memory_order_release);
  ++next_;
  has_news_ = true;
}

void Virtqueue::notify() noexcept {
  if (!std::exchange(has_news_, false)) return;
  std::atomic_thread_fence(std::memory_order_seq_cst);
  if ((load(available_[0]) & kNoInterrupt) == 0 && call_.valid()) ::eventfd_write(call_.get(), 1);
}

void Virtqueue::take_kick() const noexcept {
  eventfd_t count = 0;
  if (kick_.valid()) ::eventfd_read(kick_.get(), &count);
}

void Virtqueue::kick_again() const noexcept { ::eventfd_write(kick_.get(), 1); }

}  // namespace microvm::standin::vsock
