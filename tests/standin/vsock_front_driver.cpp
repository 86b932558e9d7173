#include "tests/standin/vsock_front_driver.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include <atomic>
#include <cstring>
#include <stdexcept>

#include "common/posix/send_fds.h"

namespace microvm::test {
namespace {

constexpr std::uint16_t kSize = 128;          // of a ring
constexpr std::uint16_t kBuffers = 64;        // two descriptors each, at most
constexpr std::uint64_t kAvailable = 0x1000;  // behind the descriptors
constexpr std::uint64_t kUsed = 0x2000;
constexpr std::uint64_t kRoom = 0x2000;  // for one packet
constexpr std::uint64_t kReceived = 0x1'0000;
constexpr std::uint64_t kSent = 0x10'0000;
constexpr std::uint64_t kMemory = 0x20'0000;
constexpr std::uint32_t kReceivedData = 4096;
constexpr std::uint64_t kQemuBase = 0x7000'0000'0000;
constexpr std::uint16_t kNext = 1;
constexpr std::uint16_t kWrite = 2;

template <class... Values>
std::string bytes(Values... values) {
  std::string out;
  (out.append(reinterpret_cast<const char*>(&values), sizeof values), ...);
  return out;
}

}  // namespace

VsockDriver::VsockDriver(UniqueFd vhost_user)
    : socket_(std::move(vhost_user)), file_(::memfd_create("guest", MFD_CLOEXEC)) {
  if (::ftruncate(file_.get(), kMemory) != 0) throw std::runtime_error("no memory for the guest");
  memory_ = static_cast<char*>(::mmap(nullptr, kMemory, PROT_READ | PROT_WRITE, MAP_SHARED, file_.get(), 0));
  ask(1, {});                                       // GET_FEATURES
  ask(15, {});                                      // GET_PROTOCOL_FEATURES
  ask(16, bytes(std::uint64_t{0x208}), {}, false);  // SET_PROTOCOL_FEATURES
  ask(3, {}, {}, false);                            // SET_OWNER
}

VsockDriver::~VsockDriver() { ::munmap(memory_, kMemory); }

void VsockDriver::start() {
  std::memset(memory_, 0, kReceived);
  ask(2, bytes((1ULL << 32) | (1ULL << 30)), {}, false);                                            // SET_FEATURES
  ask(5, bytes(1U, 0U, kGuestBase, kMemory, kQemuBase, std::uint64_t{0}), {file_.get()}, true, 9);  // SET_MEM_TABLE
  for (Ring& ring : rings_) ring.available = ring.used = ring.resume_at = 0;
  kept_.clear();
  for (std::uint16_t i = 0; i < kBuffers; ++i) give_buffer(i);
  resume();
}

void VsockDriver::resume() {
  for (std::uint32_t index = 0; index < 2; ++index) start_ring(index);
}

void VsockDriver::start_ring(std::uint32_t index) {
  Ring& ring = rings_[index];
  ring.kick.reset(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  ring.call.reset(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  const std::uint64_t base = kQemuBase + ring.base;
  ask(8, bytes(index, std::uint32_t{kSize}), {}, false);                                         // SET_VRING_NUM
  ask(10, bytes(index, std::uint32_t{ring.resume_at}), {}, false);                               // SET_VRING_BASE
  ask(9, bytes(index, 0U, base, base + kUsed, base + kAvailable, std::uint64_t{0}), {}, false);  // SET_VRING_ADDR
  ask(12, bytes(std::uint64_t{index}), {ring.kick.get()}, false);                                // SET_VRING_KICK
  ask(13, bytes(std::uint64_t{index}), {ring.call.get()}, false);                                // SET_VRING_CALL
  ask(18, bytes(index, 1U), {}, true, 9);                                                        // SET_VRING_ENABLE
}

void VsockDriver::pause() {
  for (std::uint32_t index = 0; index < 2; ++index) {
    const std::string answer = ask(11, bytes(index, 0U));  // GET_VRING_BASE
    std::memcpy(&rings_[index].resume_at, answer.data() + 4, sizeof rings_[index].resume_at);
  }
}

std::string VsockDriver::ask(std::uint32_t request, std::string_view payload, const std::vector<int>& fds,
                             bool wants_answer, std::uint32_t flags) {
  std::string text = bytes(request, flags, static_cast<std::uint32_t>(payload.size())).append(payload);
  const iovec part{text.data(), text.size()};
  posix::send_fds(socket_.get(), {&part, 1}, fds, MSG_NOSIGNAL);
  if (!wants_answer) return {};
  pollfd wait{.fd = socket_.get(), .events = POLLIN, .revents = 0};
  std::array<char, 1024> answer{};
  constexpr ssize_t kHead = 12;
  const ssize_t n = ::poll(&wait, 1, 20'000) > 0 ? ::recv(socket_.get(), answer.data(), answer.size(), 0) : 0;
  return n <= kHead ? std::string() : std::string(answer.data() + kHead, static_cast<std::size_t>(n - kHead));
}

bool VsockDriver::is_unplugged() {
  pollfd wait{.fd = socket_.get(), .events = POLLIN, .revents = 0};
  char byte = 0;
  return ::poll(&wait, 1, 5'000) > 0 && ::recv(socket_.get(), &byte, 1, MSG_PEEK) <= 0;
}

void VsockDriver::make_available(Ring& ring, std::uint16_t head) {
  at<std::uint16_t>(ring.base + kAvailable + 4 + 2U * (ring.available % kSize)) = head;
  std::atomic_ref(at<std::uint16_t>(ring.base + kAvailable + 2)).store(++ring.available);
  if (ring.kick.valid()) ::eventfd_write(ring.kick.get(), 1);
}

bool VsockDriver::await_used(Ring& ring, Deadline deadline) {
  while (std::atomic_ref(at<std::uint16_t>(ring.base + kUsed + 2)).load() == ring.used) {
    if (deadline.passed()) return false;
    pollfd wait{.fd = ring.call.get(), .events = POLLIN, .revents = 0};
    ::poll(&wait, 1, deadline.poll_ms());
    eventfd_t count = 0;
    ::eventfd_read(ring.call.get(), &count);
  }
  return true;
}

// Head and data apart, and in one piece, by turns.
void VsockDriver::give_buffer(std::uint16_t number) {
  const std::uint64_t room = kGuestBase + kReceived + number * kRoom;
  const auto head = static_cast<std::uint16_t>(2 * number);
  constexpr std::uint32_t kHead = standin::vsock::kHeaderSize;
  auto* descriptor = &at<Descriptor>(head * sizeof(Descriptor));
  if (number % 2 == 0) {
    descriptor[0] = {room, kHead, kNext | kWrite, static_cast<std::uint16_t>(head + 1)};
    descriptor[1] = {room + kHead, kReceivedData, kWrite, 0};
  } else {
    descriptor[0] = {room, kHead + kReceivedData, kWrite, 0};
  }
  make_available(rings_[0], head);
}

void VsockDriver::give_back_buffers() {
  for (; !kept_.empty(); kept_.pop_front()) give_buffer(kept_.front());
}

std::optional<Packet> VsockDriver::receive(Deadline deadline) {
  Ring& ring = rings_[0];
  if (!await_used(ring, deadline)) return std::nullopt;
  const auto head = at<std::uint32_t>(ring.base + kUsed + 4 + 8U * (ring.used++ % kSize));
  const auto number = static_cast<std::uint16_t>(head / 2);
  const char* room = memory_ + kReceived + number * kRoom;
  Packet packet;
  std::memcpy(static_cast<void*>(&packet.header), room, standin::vsock::kHeaderSize);
  packet.data.assign(room + standin::vsock::kHeaderSize, packet.header.len);
  kept_.push_back(number);
  if (!keeps_buffers_) give_back_buffers();
  return packet;
}

void VsockDriver::send(Ports ports, Op op, std::string_view data, std::uint32_t flags) {
  Header header;
  header.src_cid = 3;
  header.dst_cid = standin::vsock::kHostCid;
  header.src_port = ports.guest;
  header.dst_port = ports.host;
  header.op = op;
  header.flags = flags;
  header.buf_alloc = kWindow;
  send(header, data);
}

void VsockDriver::send(const Header& header, std::string_view data) {
  Header sent = header;
  sent.len = static_cast<std::uint32_t>(data.size());
  std::memcpy(memory_ + kSent, &sent, standin::vsock::kHeaderSize);
  data.copy(memory_ + kSent + standin::vsock::kHeaderSize, data.size());
  const std::uint64_t room = kGuestBase + kSent;
  constexpr std::uint32_t kHead = standin::vsock::kHeaderSize;
  send_chain({{room, kHead, kNext, 1}, {room + kHead, sent.len, 0, 0}});
}

void VsockDriver::send_chain(const std::vector<Descriptor>& descriptors) {
  Ring& ring = rings_[1];
  for (std::size_t i = 0; i < descriptors.size(); ++i)
    at<Descriptor>(ring.base + i * sizeof(Descriptor)) = descriptors[i];
  make_available(ring, 0);
  if (!await_used(ring, Deadline::after(kPatience))) throw std::runtime_error("the device takes no packets");
  ++ring.used;
}

void VsockDriver::claim(std::uint16_t chains) {
  Ring& ring = rings_[1];
  std::atomic_ref(at<std::uint16_t>(ring.base + kAvailable + 2))
      .store(static_cast<std::uint16_t>(ring.available + chains));
  ::eventfd_write(ring.kick.get(), 1);
}

}  // namespace microvm::test
