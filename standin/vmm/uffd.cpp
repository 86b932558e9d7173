#include "standin/vmm/uffd.h"

#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "common/posix/send_fds.h"
#include "standin/vmm/files.h"

namespace microvm::standin {
namespace {

// From /dev/userfaultfd where there is one: the system call may be kept for privileged processes.
UniqueFd new_userfaultfd() {
  if (const auto device = open_file("/dev/userfaultfd", O_RDWR)) {
    UniqueFd fd(::ioctl(device->get(), USERFAULTFD_IOC_NEW, O_CLOEXEC | O_NONBLOCK));
    if (fd.valid()) return fd;
  }
  return UniqueFd(static_cast<int>(::syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK)));
}

Done register_range(int fd, void* at, std::uint64_t bytes) {
  uffdio_api api{UFFD_API, UFFD_FEATURE_EVENT_REMOVE, 0};
  if (::ioctl(fd, UFFDIO_API, &api) != 0)
    return std::unexpected(errno_fault(errno).in("Create", "Failed to create userfaultfd: "));
  uffdio_register range{{reinterpret_cast<std::uint64_t>(at), bytes}, UFFDIO_REGISTER_MODE_MISSING, 0};
  if (::ioctl(fd, UFFDIO_REGISTER, &range) != 0)
    return std::unexpected(errno_fault(errno).in("Register", "Failed to register memory address range: "));
  return {};
}

Done send_with_fd(int socket, std::string message, int fd) {
  const iovec part{message.data(), message.size()};
  if (posix::send_fds(socket, {&part, 1}, {&fd, 1}, MSG_NOSIGNAL) >= 0) return {};
  return std::unexpected(errno_fault(errno).in("Send", "Failed to send file descriptor: "));
}

std::string mappings(void* at, std::uint64_t bytes) {
  const auto address = std::to_string(reinterpret_cast<std::uint64_t>(at));
  return R"([{"base_host_virt_addr":)" + address + R"(,"size":)" + std::to_string(bytes) +
         R"(,"offset":0,"page_size":4096,"page_size_kib":4096}])";
}

}  // namespace

Result<std::string_view> serve_memory_by(const std::string& socket_path, std::uint64_t bytes) {
  void* memory = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED)
    return std::unexpected(errno_fault(errno).in("Restore", "Failed to restore guest memory: "));
  UniqueFd faults = new_userfaultfd();
  if (!faults.valid()) return std::unexpected(errno_fault(errno).in("Create", "Failed to create userfaultfd: "));
  if (auto registered = register_range(faults.get(), memory, bytes); !registered)
    return std::unexpected(std::move(registered.error()));
  auto socket = connect_to(socket_path);
  if (!socket) return refuse_in(socket, "Connect", "Failed to connect to UDS Unix stream: ");
  if (auto sent = send_with_fd(socket->get(), mappings(memory, bytes), faults.get()); !sent)
    return std::unexpected(std::move(sent.error()));
  // Neither is closed, so that the other side does not take it for the end.
  static_cast<void>(socket->release());
  static_cast<void>(faults.release());
  static_cast<void>(*static_cast<const volatile char*>(memory));
  return std::string_view(static_cast<const char*>(memory), bytes);
}

}  // namespace microvm::standin
