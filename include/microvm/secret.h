// Bytes of a secret: overwritten wherever they leave the memory they stand in.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

namespace microvm {

/// Overwrites `n` bytes; the compiler may not drop it. (common/base/bytes.h declares the same one.)
void wipe(void* at, std::size_t n) noexcept;

/// Overwrites what it takes back.
template <class T>
struct WipingAllocator {
  using value_type = T;

  WipingAllocator() noexcept = default;
  template <class U>
  WipingAllocator(const WipingAllocator<U>&) noexcept {}  // NOLINT(google-explicit-constructor)

  T* allocate(std::size_t n) { return std::allocator<T>().allocate(n); }
  void deallocate(T* at, std::size_t n) noexcept {
    wipe(at, n * sizeof(T));
    std::allocator<T>().deallocate(at, n);
  }
  bool operator==(const WipingAllocator&) const noexcept { return true; }
};

using Secret = std::vector<std::byte, WipingAllocator<std::byte>>;

}  // namespace microvm
