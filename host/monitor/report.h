// How a driver hears of the start it asked for: one message, and one byte back.
#pragma once

#include <cstdint>

#include "common/base/unique_fd.h"
#include "common/posix/process_identity.h"
#include "host/monitor/directories.h"

namespace microvm::monitor {

class Report {
 public:
  Report() noexcept = default;
  /// Takes the descriptor; -1: nobody wants to hear.
  explicit Report(int fd) noexcept : fd_(fd) {}

  /// False when nobody takes it any more. `watch` may be -1.
  [[nodiscard]] bool started(const posix::ProcessIdentity& vmm, int vmm_pidfd, int watch) noexcept;
  void failed(const Failed& failed) noexcept;

  /// To be polled for the answer; -1: none is awaited any more.
  [[nodiscard]] int fd() const noexcept { return fd_.get(); }
  enum class Answer : std::uint8_t { None, Recorded, Gone };
  /// Closes the report with any answer but None.
  Answer answer() noexcept;

 private:
  UniqueFd fd_;
};

}  // namespace microvm::monitor
