// Signals as a descriptor, for as long as this lives.
#pragma once

#include <signal.h>

#include <initializer_list>
#include <optional>

#include "common/base/unique_fd.h"
#include "microvm/error.h"

namespace microvm::cli {

class Signals {
 public:
  /// From now on they are read and do nothing else, in this thread and those that it makes; SIGPIPE, too, does nothing.
  /// Before the first thread is made.
  static Result<Signals> take(std::initializer_list<int> signals);
  Signals(Signals&& other) noexcept : fd_(std::move(other.fd_)), before_(other.before_) {}
  Signals& operator=(Signals&&) = delete;
  /// What came and was not read does not come afterwards.
  ~Signals();

  [[nodiscard]] int fd() const noexcept { return fd_.get(); }
  /// The next one that came.
  [[nodiscard]] std::optional<int> next() const noexcept;

 private:
  Signals(UniqueFd fd, const sigset_t& before) : fd_(std::move(fd)), before_(before) {}

  UniqueFd fd_;
  sigset_t before_;
};

}  // namespace microvm::cli
