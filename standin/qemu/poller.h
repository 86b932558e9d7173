// Descriptors and what to do when they are ready: everything that a running QEMU needs served, behind one descriptor.
#pragma once

#include <cstdint>
#include <functional>
#include <map>

#include "common/base/deadline.h"
#include "common/base/unique_fd.h"

namespace microvm::standin::qemu {

class Poller {
 public:
  using Handler = std::function<void()>;

  Poller();

  /// Readable when serve() has something to do.
  [[nodiscard]] int fd() const noexcept { return epoll_.get(); }
  /// `handler` is called while `fd` is readable or at its end.
  void add(int fd, Handler handler);
  void remove(int fd);
  /// Calls the handlers of what is ready; waits for that until the deadline.
  void serve(Deadline deadline);

 private:
  UniqueFd epoll_;
  std::map<int, Handler> handlers_;
};

}  // namespace microvm::standin::qemu
