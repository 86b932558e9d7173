// A call that may take long, in a thread of its own, whose end a poll loop can wait for.
#pragma once

#include <sys/eventfd.h>

#include <functional>
#include <optional>
#include <thread>

#include "common/base/unique_fd.h"
#include "microvm/error.h"

namespace microvm::cli {

template <class T>
class Task {
 public:
  explicit Task(std::function<Result<T>()> call)
      : done_(::eventfd(0, EFD_CLOEXEC)), thread_([this, call = std::move(call)] {
          result_ = call();
          ::eventfd_write(done_.get(), 1);
        }) {}

  /// Readable once the call is done.
  [[nodiscard]] int fd() const noexcept { return done_.get(); }
  /// Waits for its end.
  [[nodiscard]] Result<T> take() {
    thread_.join();
    return std::move(*result_);
  }

 private:
  UniqueFd done_;
  std::optional<Result<T>> result_;
  std::jthread thread_;  // last: it is joined before the rest goes
};

}  // namespace microvm::cli
