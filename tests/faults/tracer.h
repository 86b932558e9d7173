// Runs a daemon system call by system call, and lets one of the calls go wrong (ptrace(2); x86_64).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "tests/support/line_client.h"
#include "tests/support/process.h"

namespace microvm::faults {

struct Call {
  std::uint64_t number = 0;
  std::int64_t result = 0;  ///< as the daemon saw it
};

/// What happens to one call.
struct Fault {
  enum class Kind {
    KillBefore,  ///< SIGKILL; the call is not made
    KillAfter,
    Fail,   ///< not made; answers `sys_errno`. close(2) is made all the same, as the kernel would
    Short,  ///< writes half of what it was given
  };
  std::size_t at = 0;  ///< counted from the beginning of Tracer::run
  Kind kind = Kind::Fail;
  int sys_errno = 0;
  std::optional<std::uint64_t> number{};  ///< only calls of this one are counted
  bool lasting = false;                   ///< later ones too
};

class Tracer {
 public:
  /// The program stands before its first instruction. Blocks SIGCHLD in this thread; every tracer must live in it.
  explicit Tracer(test::ProcessSpec spec);

  /// Lets it go on to its next wait for events (epoll), or its end. Answers the calls made; the first one is the wait
  /// in which it stood before. Throws std::runtime_error at the deadline.
  std::vector<Call> run(const std::optional<Fault>& fault = {}, Deadline deadline = Deadline::after(test::kPatience));
  /// The first half of `run`: what comes is done while others are run.
  void resume();

  /// It stands in a wait for events; false once it has ended.
  [[nodiscard]] bool waits() const noexcept { return waits_; }
  [[nodiscard]] test::Process& process() noexcept { return process_; }

 private:
  bool next_stop(int signal, Deadline deadline);
  void enter(Call call, const Fault* fault);
  void leave(Call& call, const Fault* fault);

  test::Process process_;
  bool waits_ = false;
  bool resumed_ = false;
};

}  // namespace microvm::faults
