// What a guest wrote to its disk, in order.
#include "tests/faults/write_log.h"

#include <endian.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <stdexcept>
#include <system_error>

namespace microvm::faults {
namespace {

// drivers/md/dm-log-writes.c: everything is little-endian; the superblock and the head of each entry fill a sector.
constexpr std::uint64_t kMagic = 0x6a736677736872;
constexpr std::uint64_t kVersion = 1;
constexpr std::uint64_t kSector = 512;
constexpr std::uint64_t kFlush = 1;  // LOG_FLUSH_FLAG
constexpr std::uint64_t kFua = 2;    // LOG_FUA_FLAG
constexpr std::uint64_t kDiscard = 4;

struct Super {
  std::uint64_t magic, version, entries;
  std::uint32_t sector_size;
};
struct Head {
  std::uint64_t sector, sectors, flags, data_size;
};

[[noreturn]] void fail(const char* what) { throw std::system_error(errno, std::generic_category(), what); }

template <class T>
bool read_at(const UniqueFd& fd, std::uint64_t offset, T& to) {
  return ::pread(fd.get(), &to, sizeof to, static_cast<off_t>(offset)) == static_cast<ssize_t>(sizeof to);
}

void copy(const UniqueFd& from, std::uint64_t from_at, const UniqueFd& to, std::uint64_t to_at, std::uint64_t size) {
  std::array<char, 64 * 1024> part;
  while (size > 0) {
    const std::size_t want = std::min<std::uint64_t>(size, part.size());
    const ssize_t n = ::pread(from.get(), part.data(), want, static_cast<off_t>(from_at));
    if (n <= 0) fail("read the log of writes");
    if (::pwrite(to.get(), part.data(), static_cast<std::size_t>(n), static_cast<off_t>(to_at)) != n) fail("replay");
    const auto done = static_cast<std::uint64_t>(n);
    from_at += done;
    to_at += done;
    size -= done;
  }
}

}  // namespace

WriteLog::WriteLog(const std::string& path) : fd_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
  if (!fd_.valid()) fail("open the log of writes");
}

std::size_t WriteLog::flushed() const {
  Super super{};
  const bool good = read_at(fd_, 0, super) && le64toh(super.magic) == kMagic && le64toh(super.version) == kVersion &&
                    le32toh(super.sector_size) == kSector;
  if (!good) throw std::runtime_error("not a log of writes in sectors of 512 bytes");
  return le64toh(super.entries);
}

void WriteLog::read() {
  const std::size_t expected = flushed();
  entries_.clear();
  std::uint64_t at = kSector;
  for (Head head{}; entries_.size() < expected && read_at(fd_, at, head);) {
    const Entry entry{le64toh(head.sector), le64toh(head.sectors), le64toh(head.flags), at + kSector};
    const bool has_data = (entry.flags & kDiscard) == 0;
    at = entry.data + (has_data ? entry.sectors * kSector : 0);
    entries_.push_back(entry);
  }
  if (entries_.size() != expected) throw std::runtime_error("the log of writes is cut off");
}

std::size_t WriteLog::up_to_flush(std::size_t count) const {
  while (count > 0 && (entries_.at(count - 1).flags & (kFlush | kFua)) == 0) --count;
  return count;
}

void WriteLog::replay(std::size_t begin, std::size_t end, const std::string& disk) const {
  const UniqueFd to(::open(disk.c_str(), O_WRONLY | O_CLOEXEC));
  if (!to.valid()) fail("open the disk");
  for (std::size_t i = begin; i < end; ++i) {
    const Entry& entry = entries_.at(i);
    if ((entry.flags & kDiscard) == 0) copy(fd_, entry.data, to, entry.sector * kSector, entry.sectors * kSector);
  }
}

}  // namespace microvm::faults
