#include "standin/vsock/buffers.h"

#include <algorithm>
#include <cstring>

namespace microvm::standin::vsock {

void Buffers::clear() noexcept {
  parts_.clear();
  size_ = 0;
}

void Buffers::add(void* at, std::size_t size) {
  if (size == 0) return;
  parts_.push_back({at, size});
  size_ += size;
}

Buffers Buffers::take(std::size_t size) {
  Buffers front;
  auto part = parts_.begin();
  for (; part != parts_.end() && front.size_ < size; ++part) {
    const std::size_t wanted = std::min(part->iov_len, size - front.size_);
    front.add(part->iov_base, wanted);
    if (wanted == part->iov_len) continue;
    part->iov_base = static_cast<std::byte*>(part->iov_base) + wanted;
    part->iov_len -= wanted;
    break;
  }
  parts_.erase(parts_.begin(), part);
  size_ -= front.size_;
  return front;
}

void Buffers::copy_to(void* to) const noexcept {
  for (auto* at = static_cast<std::byte*>(to); const iovec& part : parts_) {
    std::memcpy(at, part.iov_base, part.iov_len);
    at += part.iov_len;
  }
}

void Buffers::copy_from(const void* from) const noexcept {
  for (const auto* at = static_cast<const std::byte*>(from); const iovec& part : parts_) {
    std::memcpy(part.iov_base, at, part.iov_len);
    at += part.iov_len;
  }
}

}  // namespace microvm::standin::vsock
