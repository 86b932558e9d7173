// The guest's memory, mapped here as QEMU tells where it lies.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "common/base/unique_fd.h"

namespace microvm::standin::vsock {

/// As it comes in a message of vhost-user.
struct MemoryRegion {
  std::uint64_t guest_address = 0;
  std::uint64_t size = 0;
  std::uint64_t qemu_address = 0;  ///< where it is mapped in QEMU
  std::uint64_t offset = 0;        ///< in its file
};

class GuestMemory {
 public:
  /// In place of what was mapped before; false: a region cannot be mapped, and there is no memory then.
  bool map(std::span<const MemoryRegion> regions, std::span<const UniqueFd> files);

  /// Null where the bytes are not all within one region.
  [[nodiscard]] std::byte* at_guest(std::uint64_t address, std::uint64_t size) const noexcept {
    return find(&MemoryRegion::guest_address, address, size);
  }
  [[nodiscard]] std::byte* at_qemu(std::uint64_t address, std::uint64_t size) const noexcept {
    return find(&MemoryRegion::qemu_address, address, size);
  }

 private:
  class Mapping {
   public:
    static Mapping of(const MemoryRegion& region, int file) noexcept;
    Mapping(Mapping&& other) noexcept;
    Mapping& operator=(Mapping&&) = delete;
    ~Mapping();
    [[nodiscard]] const MemoryRegion& region() const noexcept { return region_; }
    [[nodiscard]] std::byte* at() const noexcept { return base_ == nullptr ? nullptr : base_ + region_.offset; }

   private:
    Mapping(const MemoryRegion& region, std::byte* base) noexcept : region_(region), base_(base) {}
    MemoryRegion region_;
    std::byte* base_;
  };

  std::byte* find(std::uint64_t MemoryRegion::* start, std::uint64_t address, std::uint64_t size) const noexcept;

  std::vector<Mapping> mappings_;
};

}  // namespace microvm::standin::vsock
