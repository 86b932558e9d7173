#include "standin/qemu/vhost_bridge.h"

#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <vector>

#include "common/posix/send_fds.h"

namespace microvm::standin::qemu {
namespace {

constexpr std::uint64_t kLogsDirtyPages = 1ULL << 26;    // QEMU wants it of what stands in a snapshot
constexpr std::uint64_t kProtocolFeatures = 1ULL << 30;  // vhost-user's own
constexpr std::uint32_t kMostRegions = posix::kMostFdsSent;
constexpr int kMostTurns = 64;  // of the front, which handles one message at a time

struct MemoryHead {
  std::uint32_t count;
  std::uint32_t unused;
};
struct Region {
  std::uint64_t guest, size, qemu;
  std::uint64_t offset;  ///< in the file; the kernel's has nothing here
};
struct VringFile {
  std::uint32_t index;
  int fd;
};

template <class T>
T as(const std::string& bytes, std::size_t at = 0) {
  T value{};
  if (at + sizeof value <= bytes.size()) std::memcpy(&value, bytes.data() + at, sizeof value);
  return value;
}

template <class T>
std::string bytes_of(const T& value) {
  return {reinterpret_cast<const char*>(&value), sizeof value};
}

}  // namespace

struct VhostBridge::Rule {
  std::uint8_t number;  ///< of the ioctl, whose type is that of vhost
  bool reads;           ///< _IOR or _IOWR: of two that share a number the one that brings something back
  std::uint32_t request;
  int (VhostBridge::*handle)(const Call&);
};

std::span<const VhostBridge::Rule> VhostBridge::rules() {
  static constexpr std::array<Rule, 17> kRules = {{
      {0x00, true, 1, &VhostBridge::get_features},
      {0x00, false, 2, &VhostBridge::set_features},
      {0x01, false, 3, &VhostBridge::pass_on},  // SET_OWNER
      {0x02, false, 0, &VhostBridge::nothing},  // RESET_OWNER
      {0x03, false, 5, &VhostBridge::set_memory},
      {0x04, false, 0, &VhostBridge::nothing},  // SET_LOG_BASE: the guest does not run while it is saved
      {0x07, false, 0, &VhostBridge::nothing},  // SET_LOG_FD
      {0x10, false, 8, &VhostBridge::pass_on},  // SET_VRING_NUM
      {0x11, false, 9, &VhostBridge::pass_on},  // SET_VRING_ADDR
      {0x12, true, 11, &VhostBridge::get_vring_base},
      {0x12, false, 10, &VhostBridge::pass_on},  // SET_VRING_BASE
      {0x13, false, 0, &VhostBridge::nothing},   // SET_VRING_ENDIAN
      {0x20, false, 12, &VhostBridge::set_vring_fd},
      {0x21, false, 13, &VhostBridge::set_vring_fd},
      {0x22, false, 0, &VhostBridge::nothing},  // SET_VRING_ERR
      {0x60, false, 0, &VhostBridge::nothing},  // SET_GUEST_CID: the front knows it
      {0x61, false, 0, &VhostBridge::nothing},  // SET_RUNNING: a ring runs from its kick to its GET_VRING_BASE
  }};
  return kRules;
}

Result<VhostBridge> VhostBridge::open(const Child& child, vsock::Front& front, int memory) {
  auto socket = front.attach();
  if (!socket) return std::unexpected(std::move(socket.error()));
  return VhostBridge(child, front, memory, std::move(*socket));
}

bool VhostBridge::on_call() {
  // The kernel's structures may have grown since this was compiled.
  alignas(seccomp_notif) std::array<char, 512> caught_bytes{};
  alignas(seccomp_notif_resp) std::array<char, 512> answer_bytes{};
  auto* caught = reinterpret_cast<seccomp_notif*>(caught_bytes.data());
  auto* answer = reinterpret_cast<seccomp_notif_resp*>(answer_bytes.data());
  // ENOENT: a signal has taken the caller out of its call meanwhile; it will make it again.
  if (::ioctl(child_->vhost_calls(), SECCOMP_IOCTL_NOTIF_RECV, caught) != 0) return errno == EINTR || errno == ENOENT;
  answer->id = caught->id;
  answer->error = -handle(*caught);
  ::ioctl(child_->vhost_calls(), SECCOMP_IOCTL_NOTIF_SEND, answer);
  return true;
}

int VhostBridge::handle(const seccomp_notif& caught) {
  const auto command = static_cast<std::uint32_t>(caught.data.args[1]);
  const bool reads = (_IOC_DIR(command) & _IOC_READ) != 0;
  for (const Rule& rule : rules())
    if (rule.number == _IOC_NR(command) && rule.reads == reads)
      return (this->*rule.handle)({caught.data.args[2], _IOC_SIZE(command), rule.request});
  return ENOTTY;
}

int VhostBridge::nothing(const Call& /*call*/) { return 0; }

int VhostBridge::pass_on(const Call& call) { return tell(call.request, read(call.at, call.size)); }

int VhostBridge::get_features(const Call& call) {
  std::uint64_t features = 0;
  if (!ask(call.request, "", {}, std::span(reinterpret_cast<char*>(&features), sizeof features))) return EIO;
  return write(call.at, bytes_of((features & ~kProtocolFeatures) | kLogsDirtyPages)) ? 0 : EFAULT;
}

int VhostBridge::set_features(const Call& call) {
  const auto features = as<std::uint64_t>(read(call.at, call.size));
  return tell(call.request, bytes_of(features & ~kLogsDirtyPages));
}

// The guest's memory is one file, mapped in one piece; address 0 of the guest is its beginning.
int VhostBridge::set_memory(const Call& call) {
  const auto head = as<MemoryHead>(read(call.at, sizeof(MemoryHead)));
  if (head.count > kMostRegions * 4) return EINVAL;
  const std::string table = read(call.at + sizeof head, head.count * sizeof(Region));
  if (table.size() != head.count * sizeof(Region)) return EINVAL;
  std::vector<Region> regions;
  for (std::uint32_t i = 0; i < head.count; ++i) regions.push_back(as<Region>(table, i * sizeof(Region)));
  const auto first = std::ranges::find(regions, std::uint64_t{0}, &Region::guest);
  if (first == regions.end()) return EINVAL;
  const std::uint64_t base = first->qemu;
  const auto file_size = static_cast<std::uint64_t>(::lseek(memory_, 0, SEEK_END));
  std::erase_if(regions, [&](Region& region) {
    region.offset = region.qemu - base;
    return region.offset >= file_size;  // other memory: firmware
  });
  if (regions.size() > kMostRegions) return EINVAL;
  std::string payload = bytes_of(MemoryHead{static_cast<std::uint32_t>(regions.size()), 0});
  for (const Region& region : regions) payload += bytes_of(region);
  return tell(call.request, std::move(payload), std::vector<int>(regions.size(), memory_));
}

int VhostBridge::set_vring_fd(const Call& call) {
  constexpr std::uint64_t kNoFd = 0x100;
  const auto file = as<VringFile>(read(call.at, call.size));
  if (file.fd < 0) return tell(call.request, bytes_of(std::uint64_t{file.index} | kNoFd));
  const UniqueFd fd(static_cast<int>(::syscall(SYS_pidfd_getfd, child_->pidfd(), file.fd, 0)));
  if (!fd.valid()) return EBADF;
  const int number = fd.get();
  return tell(call.request, bytes_of(std::uint64_t{file.index}), std::span(&number, 1));
}

int VhostBridge::get_vring_base(const Call& call) {
  std::array<char, 8> state{};
  if (!ask(call.request, read(call.at, call.size), {}, state)) return EIO;
  return write(call.at, state) ? 0 : EFAULT;
}

int VhostBridge::tell(std::uint32_t request, std::string payload, std::span<const int> fds) {
  std::uint64_t refused = 1;
  const std::span answer(reinterpret_cast<char*>(&refused), sizeof refused);
  return ask(request, std::move(payload), fds, answer) && refused == 0 ? 0 : EINVAL;
}

bool VhostBridge::ask(std::uint32_t request, std::string payload, std::span<const int> fds, std::span<char> answer) {
  constexpr std::uint32_t kVersionAndWantsReply = 1 | 8;
  std::array<std::uint32_t, 3> head{request, kVersionAndWantsReply, static_cast<std::uint32_t>(payload.size())};
  const std::array<iovec, 2> parts{{{head.data(), sizeof head}, {payload.data(), payload.size()}}};
  if (posix::send_fds(socket_.get(), parts, fds, MSG_NOSIGNAL | MSG_DONTWAIT) < 0) return false;
  std::array<iovec, 2> both{{{head.data(), sizeof head}, {answer.data(), answer.size()}}};
  msghdr reply{};
  reply.msg_iov = both.data();
  reply.msg_iovlen = both.size();
  for (int turn = 0; turn < kMostTurns; ++turn) {
    front_->on_event();
    const ssize_t n = ::recvmsg(socket_.get(), &reply, MSG_DONTWAIT);
    if (n >= 0) return static_cast<std::size_t>(n) == sizeof head + answer.size();
  }
  return false;
}

std::string VhostBridge::read(std::uint64_t at, std::size_t size) {
  std::string bytes(size, '\0');
  iovec here{bytes.data(), size};
  iovec there{reinterpret_cast<void*>(at), size};  // NOLINT(performance-no-int-to-ptr): in another process
  const ssize_t n = size == 0 ? 0 : ::process_vm_readv(child_->pid(), &here, 1, &there, 1, 0);
  bytes.resize(static_cast<std::size_t>(std::max<ssize_t>(n, 0)));
  return bytes;
}

bool VhostBridge::write(std::uint64_t at, std::span<const char> bytes) {
  iovec here{const_cast<char*>(bytes.data()), bytes.size()};
  iovec there{reinterpret_cast<void*>(at), bytes.size()};  // NOLINT(performance-no-int-to-ptr): in another process
  return ::process_vm_writev(child_->pid(), &here, 1, &there, 1, 0) == static_cast<ssize_t>(bytes.size());
}

}  // namespace microvm::standin::qemu
