// In a guest: what a connection to PORT sends goes back, on more connections at once than the device has. Static; the C
// library is all it uses.
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
// Behind sys/socket.h, which it needs and does not include.
#include <linux/vm_sockets.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <span>

namespace {

int failed(const char* what) {
  std::printf("%s: errno %d\n", what, errno);
  return 1;
}

bool watch(int epoll, int fd) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = fd;
  return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0;
}

// Closes at the end of the stream, and when the peer is gone.
void echo_once(int peer) {
  static std::array<char, 64 * 1024> part;
  const ssize_t size = recv(peer, part.data(), part.size(), 0);
  ssize_t done = 0;
  while (done < size) {
    const ssize_t n = send(peer, part.data() + done, static_cast<std::size_t>(size - done), MSG_NOSIGNAL);
    if (n <= 0) break;
    done += n;
  }
  if (size <= 0 || done < size) close(peer);
}

int serve(int listener) {
  const int epoll = epoll_create1(EPOLL_CLOEXEC);
  if (!watch(epoll, listener)) return failed("epoll_ctl");
  std::array<epoll_event, 64> events;
  for (;;) {
    const int count = epoll_wait(epoll, events.data(), static_cast<int>(events.size()), -1);
    for (const epoll_event& event : std::span(events).first(static_cast<std::size_t>(count > 0 ? count : 0))) {
      if (event.data.fd != listener) {
        echo_once(event.data.fd);
      } else if (const int peer = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC); peer < 0 || !watch(epoll, peer)) {
        return failed("accept");
      }
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  constexpr int kMany = 2048;
  if (argc != 2) return std::fputs("usage: vsock_echo PORT\n", stderr), 2;
  const rlimit files{kMany, kMany};
  if (setrlimit(RLIMIT_NOFILE, &files) != 0) return failed("setrlimit");
  const int listener = socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_vm at{};
  at.svm_family = AF_VSOCK;
  at.svm_cid = VMADDR_CID_ANY;
  at.svm_port = static_cast<unsigned>(std::strtoul(argv[1], nullptr, 10));
  if (bind(listener, reinterpret_cast<const sockaddr*>(&at), sizeof at) != 0) return failed("bind");
  if (listen(listener, kMany) != 0) return failed("listen");
  return serve(listener);
}
