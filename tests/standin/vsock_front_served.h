// A front of the vsock device, served in a thread of its own as a VMM's loop serves it.
#pragma once

#include <poll.h>
#include <sys/eventfd.h>

#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>

#include "standin/vsock/front.h"
#include "tests/support/line_client.h"

namespace microvm::test {

class ServedFront {
 public:
  using Front = standin::vsock::Front;

  /// Listens at `uds_path`, as after `PUT /vsock`.
  explicit ServedFront(const std::string& uds_path, std::uint32_t last_host_port = Front::kNoHostPortYet)
      : listener_(listen_unix(uds_path)), front_(open(listener_.get(), uds_path, last_host_port)) {}
  ~ServedFront() {
    ::eventfd_write(stop_.get(), 1);
    loop_.join();
  }
  ServedFront(const ServedFront&) = delete;
  ServedFront& operator=(const ServedFront&) = delete;

  UniqueFd attach() {
    const std::scoped_lock lock(mutex_);
    return front_.attach().value();
  }
  void reset() {
    const std::scoped_lock lock(mutex_);
    front_.reset();
  }
  std::uint32_t last_host_port() {
    const std::scoped_lock lock(mutex_);
    return front_.last_host_port();
  }
  standin::vsock::Counters counters() {
    const std::scoped_lock lock(mutex_);
    return front_.counters();
  }
  bool driver_is_up() {
    const std::scoped_lock lock(mutex_);
    return front_.driver_is_up();
  }

  /// The loop stands still until release(): what happens meanwhile it finds all at once.
  void hold() { mutex_.lock(); }
  void release() { mutex_.unlock(); }

 private:
  static Front open(int listener, const std::string& uds_path, std::uint32_t last_host_port) {
    auto front =
        Front::open({.listener = listener, .uds_path = uds_path, .guest_cid = 3, .last_host_port = last_host_port});
    if (!front) throw std::runtime_error("Front::open: " + front.error().text);
    return std::move(*front);
  }

  void run() {
    for (;;) {
      pollfd wanted[] = {{.fd = stop_.get(), .events = POLLIN, .revents = 0},
                         {.fd = front_.event_fd(), .events = POLLIN, .revents = 0}};
      ::poll(wanted, 2, -1);
      if (wanted[0].revents != 0) return;
      const std::scoped_lock lock(mutex_);
      front_.on_event();
    }
  }

  UniqueFd listener_;
  UniqueFd stop_{::eventfd(0, EFD_CLOEXEC)};
  std::mutex mutex_;
  Front front_;
  std::thread loop_{[this] { run(); }};
};

}  // namespace microvm::test
