#include "standin/qemu/poller.h"

#include <sys/epoll.h>

#include <array>

namespace microvm::standin::qemu {

Poller::Poller() : epoll_(::epoll_create1(EPOLL_CLOEXEC)) {}

void Poller::add(int fd, Handler handler) {
  epoll_event wanted{.events = EPOLLIN, .data = {.fd = fd}};
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &wanted);
  handlers_[fd] = std::move(handler);
}

void Poller::remove(int fd) {
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
  handlers_.erase(fd);
}

void Poller::serve(Deadline deadline) {
  std::array<epoll_event, 16> ready;
  const int count = ::epoll_wait(epoll_.get(), ready.data(), static_cast<int>(ready.size()), deadline.poll_ms());
  for (int i = 0; i < count; ++i) {
    const auto found = handlers_.find(ready[static_cast<std::size_t>(i)].data.fd);
    if (found == handlers_.end()) continue;  // an earlier handler took it away
    const Handler handler = found->second;   // which may take itself away
    handler();
  }
}

}  // namespace microvm::standin::qemu
