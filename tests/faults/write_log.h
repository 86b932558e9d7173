// What a guest wrote to its disk, in order, as QEMU's blklogwrites records it: the format of the kernel's
// dm-log-writes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "common/base/unique_fd.h"

namespace microvm::faults {

class WriteLog {
 public:
  /// Throws std::system_error when there is none.
  explicit WriteLog(const std::string& path);

  /// Entries that the recorder had begun by its last flush.
  [[nodiscard]] std::size_t flushed() const;

  /// Reads the headers of all entries; the recorder must have ended. Throws std::runtime_error when it is no log.
  void read();
  [[nodiscard]] std::size_t size() const noexcept { return entries_.size(); }
  /// The last flush among the first `count` entries: their number up to it, itself included.
  [[nodiscard]] std::size_t up_to_flush(std::size_t count) const;

  /// Does again what the entries from `begin` to `end` did, on another disk of the same beginning.
  void replay(std::size_t begin, std::size_t end, const std::string& disk) const;

 private:
  struct Entry {
    std::uint64_t sector;
    std::uint64_t sectors;
    std::uint64_t flags;
    std::uint64_t data;  // where it stands in the log
  };

  UniqueFd fd_;
  std::vector<Entry> entries_;
};

}  // namespace microvm::faults
