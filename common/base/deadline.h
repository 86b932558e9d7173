// One absolute point in time that bounds a whole operation, however many system calls it takes.
#pragma once

#include <algorithm>
#include <chrono>

namespace microvm {

class Deadline {
 public:
  using Clock = std::chrono::steady_clock;

  /// A negative `after` has passed already.
  static Deadline after(std::chrono::nanoseconds after) noexcept { return Deadline(Clock::now() + after); }
  static Deadline at(Clock::time_point when) noexcept { return Deadline(when); }

  [[nodiscard]] Clock::time_point when() const noexcept { return when_; }
  [[nodiscard]] bool passed() const noexcept { return Clock::now() >= when_; }
  [[nodiscard]] std::chrono::nanoseconds left() const noexcept {
    return std::max(std::chrono::nanoseconds::zero(), std::chrono::nanoseconds(when_ - Clock::now()));
  }
  /// What poll(2) and epoll_wait(2) take: milliseconds, rounded up so that a wait never ends early and spins.
  [[nodiscard]] int poll_ms() const noexcept {
    const auto ms = std::chrono::ceil<std::chrono::milliseconds>(left()).count();
    return static_cast<int>(std::min<decltype(ms)>(ms, 1'000'000));
  }
  [[nodiscard]] Deadline earlier(Deadline other) const noexcept { return Deadline(std::min(when_, other.when_)); }

 private:
  explicit Deadline(Clock::time_point when) noexcept : when_(when) {}
  Clock::time_point when_;
};

}  // namespace microvm
