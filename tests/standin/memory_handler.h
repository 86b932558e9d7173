// The other side of a restore by userfaultfd: serves the pages of a memory file, or just takes the descriptor.
#pragma once

#include <atomic>
#include <string>
#include <thread>

#include "common/base/unique_fd.h"

namespace microvm::test {

class MemoryHandler {
 public:
  /// Listens when this returns; with an empty `memory_file` no page is ever served.
  MemoryHandler(const std::string& socket_path, std::string memory_file);
  ~MemoryHandler();
  MemoryHandler(const MemoryHandler&) = delete;
  MemoryHandler& operator=(const MemoryHandler&) = delete;

 private:
  void run();
  bool wait_for(int fd);

  std::string memory_file_;
  UniqueFd listener_;
  std::atomic<bool> stopping_ = false;
  std::thread thread_;
};

}  // namespace microvm::test
