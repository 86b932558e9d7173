#include "tests/standin/memory_handler.h"

#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <cstring>
#include <utility>

#include "tests/support/line_client.h"

namespace microvm::test {
namespace {

constexpr std::uint64_t kPageSize = 4096;

// One message with one descriptor; its text tells where the memory begins.
std::pair<UniqueFd, std::uint64_t> receive_mapping(int socket) {
  std::array<char, 512> text{};
  iovec part{text.data(), text.size() - 1};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  header.msg_control = control.data();
  header.msg_controllen = control.size();
  if (::recvmsg(socket, &header, MSG_CMSG_CLOEXEC) <= 0) return {};
  const cmsghdr* rights = CMSG_FIRSTHDR(&header);
  if (rights == nullptr || rights->cmsg_type != SCM_RIGHTS) return {};
  int fd = -1;
  std::memcpy(&fd, CMSG_DATA(rights), sizeof fd);
  constexpr std::string_view kKey = "\"base_host_virt_addr\":";
  const char* key = std::strstr(text.data(), kKey.data());
  return {UniqueFd(fd), key == nullptr ? 0 : std::strtoull(key + kKey.size(), nullptr, 10)};
}

}  // namespace

MemoryHandler::MemoryHandler(const std::string& socket_path, std::string memory_file)
    : memory_file_(std::move(memory_file)), listener_(listen_unix(socket_path)), thread_([this] { run(); }) {}

MemoryHandler::~MemoryHandler() {
  stopping_ = true;
  thread_.join();
}

bool MemoryHandler::wait_for(int fd) {
  constexpr int kLookUpMs = 20;
  pollfd event{fd, POLLIN, 0};
  while (!stopping_)
    if (::poll(&event, 1, kLookUpMs) > 0) return true;
  return false;
}

void MemoryHandler::run() {
  if (!wait_for(listener_.get())) return;
  const UniqueFd socket(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
  if (!wait_for(socket.get())) return;
  const auto [faults, base] = receive_mapping(socket.get());
  const UniqueFd memory(::open(memory_file_.c_str(), O_RDONLY | O_CLOEXEC));
  while (wait_for(faults.get())) {
    uffd_msg event{};
    if (!memory.valid() || ::read(faults.get(), &event, sizeof event) != sizeof event) {
      ::usleep(1000);
      continue;
    }
    if (event.event != UFFD_EVENT_PAGEFAULT) continue;
    const std::uint64_t page = event.arg.pagefault.address & ~(kPageSize - 1);
    std::array<char, kPageSize> content{};
    if (::pread(memory.get(), content.data(), content.size(), static_cast<off_t>(page - base)) < 0) return;
    uffdio_copy copy{page, reinterpret_cast<std::uint64_t>(content.data()), kPageSize, 0, 0};
    if (::ioctl(faults.get(), UFFDIO_COPY, &copy) != 0) return;
  }
}

}  // namespace microvm::test
