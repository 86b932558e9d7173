#include "standin/qemu/memory.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <vector>

#include "common/posix/retry.h"

namespace microvm::standin::qemu {
namespace {

constexpr unsigned kHuge2M = 21U << 26;  // MFD_HUGE_2MB, which some headers lack
constexpr std::size_t kPage = 4096;
constexpr std::uint64_t kBlock = 1 << 20;

std::unexpected<Fault> memory_fault() {
  return std::unexpected(errno_fault(errno).in("Memory", "Cannot copy the guest's memory: "));
}

bool write_at(int file, const char* at, std::size_t n, std::uint64_t offset) {
  while (n > 0) {
    const ssize_t done = posix::retry([&] { return ::pwrite(file, at, n, static_cast<off_t>(offset)); });
    if (done <= 0) return false;
    at += done;
    n -= static_cast<std::size_t>(done);
    offset += static_cast<std::uint64_t>(done);
  }
  return true;
}

bool empty_to(int file, std::uint64_t bytes) {
  return ::ftruncate(file, 0) == 0 && ::ftruncate(file, static_cast<off_t>(bytes)) == 0;
}

bool copy_range(int from, int into, std::uint64_t at, std::uint64_t end, std::vector<char>& block) {
  while (at < end) {
    const std::size_t wanted = std::min<std::uint64_t>(end - at, block.size());
    const ssize_t n = posix::retry([&] { return ::pread(from, block.data(), wanted, static_cast<off_t>(at)); });
    if (n < 0 || !write_at(into, block.data(), static_cast<std::size_t>(n), at)) return false;
    if (n == 0) return true;  // shorter than it said: the rest is a hole
    at += static_cast<std::uint64_t>(n);
  }
  return true;
}

}  // namespace

Result<UniqueFd> new_memory(std::uint64_t bytes, bool huge_pages) {
  UniqueFd fd(::memfd_create("guest memory", MFD_CLOEXEC | (huge_pages ? MFD_HUGETLB | kHuge2M : 0U)));
  if (!fd.valid() || ::ftruncate(fd.get(), static_cast<off_t>(bytes)) != 0)
    return std::unexpected(errno_fault(errno).in("Memory", "Cannot create guest memory: "));
  return fd;
}

Done copy_memory(int from, int into, std::uint64_t bytes) {
  if (!empty_to(into, bytes)) return memory_fault();
  std::vector<char> block(kBlock);
  off_t at = 0;
  while ((at = ::lseek(from, at, SEEK_DATA)) >= 0) {
    const off_t end = ::lseek(from, at, SEEK_HOLE);
    if (end < 0) return memory_fault();
    const auto last = std::min(static_cast<std::uint64_t>(end), bytes);
    if (!copy_range(from, into, static_cast<std::uint64_t>(at), last, block)) return memory_fault();
    at = end;
  }
  if (errno != ENXIO) return memory_fault();  // which says: no data from here on
  return {};
}

Done copy_memory(std::string_view from, int into) {
  if (!empty_to(into, from.size())) return memory_fault();
  for (std::size_t at = 0; at < from.size(); at += kPage) {
    const std::string_view page = from.substr(at, kPage);
    if (std::ranges::all_of(page, [](char byte) { return byte == 0; })) continue;
    if (!write_at(into, page.data(), page.size(), at)) return memory_fault();
  }
  return {};
}

}  // namespace microvm::standin::qemu
