#include "standin/vsock/guest_memory.h"

#include <sys/mman.h>
#include <sys/stat.h>

#include <utility>

namespace microvm::standin::vsock {

// From the file's start: the offset need not be one that a mapping can begin at.
GuestMemory::Mapping GuestMemory::Mapping::of(const MemoryRegion& region, int file) noexcept {
  struct stat info{};
  std::uint64_t end = 0;
  if (__builtin_add_overflow(region.offset, region.size, &end) || ::fstat(file, &info) != 0 || info.st_size < 0 ||
      end > static_cast<std::uint64_t>(info.st_size))
    return {region, nullptr};
  void* base = ::mmap(nullptr, end, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, file, 0);
  return {region, base == MAP_FAILED ? nullptr : static_cast<std::byte*>(base)};
}

GuestMemory::Mapping::Mapping(Mapping&& other) noexcept
    : region_(other.region_), base_(std::exchange(other.base_, nullptr)) {}

GuestMemory::Mapping::~Mapping() {
  if (base_ != nullptr) ::munmap(base_, region_.offset + region_.size);
}

bool GuestMemory::map(std::span<const MemoryRegion> regions, std::span<const UniqueFd> files) {
  mappings_.clear();
  if (regions.size() != files.size()) return false;
  for (std::size_t i = 0; i < regions.size(); ++i) {
    mappings_.push_back(Mapping::of(regions[i], files[i].get()));
    if (mappings_.back().at() != nullptr) continue;
    mappings_.clear();
    return false;
  }
  return true;
}

std::byte* GuestMemory::find(std::uint64_t MemoryRegion::* start, std::uint64_t address,
                             std::uint64_t size) const noexcept {
  for (const Mapping& mapping : mappings_) {
    const MemoryRegion& region = mapping.region();
    const std::uint64_t offset = address - region.*start;  // wraps to something large below it
    if (offset < region.size && size <= region.size - offset) return mapping.at() + offset;
  }
  return nullptr;
}

}  // namespace microvm::standin::vsock
