// Pieces of the guest's memory that make up one packet. The guest may change what is in them at any time.
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <span>
#include <vector>

namespace microvm::standin::vsock {

class Buffers {
 public:
  void clear() noexcept;
  void add(void* at, std::size_t size);

  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] std::span<const iovec> parts() const noexcept { return parts_; }

  /// Cuts off and returns the first `size` bytes, or all there are.
  Buffers take(std::size_t size);

  /// All of it; `to` and `from` hold size() bytes.
  void copy_to(void* to) const noexcept;
  void copy_from(const void* from) const noexcept;

 private:
  std::vector<iovec> parts_;
  std::size_t size_ = 0;
};

}  // namespace microvm::standin::vsock
