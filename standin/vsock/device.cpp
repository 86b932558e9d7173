#include "standin/vsock/device.h"

#include <algorithm>
#include <array>

namespace microvm::standin::vsock {
namespace {

constexpr std::uint64_t kVersion1 = 1ULL << 32;          // virtio's
constexpr std::uint64_t kProtocolFeatures = 1ULL << 30;  // there are features of the protocol itself:
constexpr std::uint64_t kReplyAck = 1ULL << 3;
constexpr std::uint64_t kConfig = 1ULL << 9;

struct VringState {
  std::uint32_t index;
  std::uint32_t value;
};
struct VringAddresses {
  std::uint32_t index;
  std::uint32_t flags;
  std::uint64_t descriptors;
  std::uint64_t used;
  std::uint64_t available;
  std::uint64_t log;
};
struct ConfigHead {
  std::uint32_t offset;
  std::uint32_t size;
  std::uint32_t flags;
};

}  // namespace

struct Device::Rule {
  std::uint32_t request;
  std::uint32_t size;  ///< of the payload, at least
  Outcome (Device::*handle)(Message&);
};

std::span<const Device::Rule> Device::rules() {
  static constexpr std::array<Rule, 16> kRules = {{
      {1, 0, &Device::get_features},
      {2, 8, &Device::set_features},
      {3, 0, &Device::nothing},  // SET_OWNER
      {5, 8, &Device::set_memory},
      {8, sizeof(VringState), &Device::set_vring_num},
      {9, sizeof(VringAddresses), &Device::set_vring_addresses},
      {10, sizeof(VringState), &Device::set_vring_base},
      {11, sizeof(VringState), &Device::get_vring_base},
      {12, 8, &Device::set_vring_kick},
      {13, 8, &Device::set_vring_call},
      {14, 8, &Device::nothing},  // SET_VRING_ERR
      {15, 0, &Device::get_protocol_features},
      {16, 8, &Device::nothing},  // SET_PROTOCOL_FEATURES
      {18, sizeof(VringState), &Device::set_vring_enable},
      {24, sizeof(ConfigHead), &Device::get_config},
      {25, 0, &Device::nothing},  // SET_CONFIG: no driver can write it
  }};
  return kRules;
}

Device::Device(UniqueFd socket, std::uint64_t guest_cid, int epoll, Tokens tokens)
    : socket_(std::move(socket)),
      guest_cid_(guest_cid),
      queues_{{epoll, tokens.to_guest}, {epoll, tokens.from_guest}} {}

bool Device::serve() {
  const MessageReader::Got got = reader_.read(socket_.get());
  if (got != MessageReader::Got::Message) return got == MessageReader::Got::NothingYet;
  Message& message = reader_.message();
  const Outcome outcome = handle(message);
  if (outcome != Outcome::Answered && message.needs_reply()) answer(outcome == Outcome::Done ? 0 : 1);
  return true;
}

Device::Outcome Device::handle(Message& message) {
  const auto rule = std::ranges::find(rules(), message.head.request, &Rule::request);
  if (rule == rules().end() || message.head.size < rule->size) return Outcome::Refused;
  return (this->*rule->handle)(message);
}

// QEMU asks one thing at a time, and waits: there is room for the answer.
Device::Outcome Device::answer(std::uint64_t value) {
  send_reply(socket_.get(), reader_.message().head.request, std::as_bytes(std::span(&value, 1)));
  return Outcome::Answered;
}

Device::Outcome Device::nothing(Message& /*message*/) { return Outcome::Done; }

Device::Outcome Device::get_features(Message& /*message*/) { return answer(kVersion1 | kProtocolFeatures); }

Device::Outcome Device::get_protocol_features(Message& /*message*/) { return answer(kReplyAck | kConfig); }

// Rings are enabled one by one only where the protocol has features.
Device::Outcome Device::set_features(Message& message) {
  if ((message.at<std::uint64_t>() & kProtocolFeatures) != 0) return Outcome::Done;
  for (Virtqueue& queue : queues_) queue.enable(true);
  return Outcome::Done;
}

Device::Outcome Device::set_memory(Message& message) {
  constexpr std::size_t kHead = 8;
  const auto count = message.at<std::uint32_t>();
  if (count > kMaxMessageFds || message.head.size < kHead + count * sizeof(MemoryRegion)) return Outcome::Refused;
  std::array<MemoryRegion, kMaxMessageFds> regions;
  for (std::size_t i = 0; i < count; ++i) regions[i] = message.at<MemoryRegion>(kHead + i * sizeof(MemoryRegion));
  const bool mapped = memory_.map(std::span(regions).first(count), message.fds);
  for (Virtqueue& queue : queues_) queue.locate(memory_);
  return mapped ? Outcome::Done : Outcome::Refused;
}

Virtqueue* Device::queue_of(const Message& message) {
  constexpr std::uint32_t kIndex = 0xff;  // what else is in it are flags
  const std::uint32_t index = message.at<std::uint32_t>() & kIndex;
  return index < std::size(queues_) ? &queues_[index] : nullptr;
}

Device::Outcome Device::set_vring_num(Message& message) {
  Virtqueue* queue = queue_of(message);
  return queue != nullptr && queue->set_size(message.at<VringState>().value) ? Outcome::Done : Outcome::Refused;
}

Device::Outcome Device::set_vring_addresses(Message& message) {
  Virtqueue* queue = queue_of(message);
  if (queue == nullptr) return Outcome::Refused;
  const auto given = message.at<VringAddresses>();
  queue->set_addresses({.descriptors = given.descriptors, .used = given.used, .available = given.available});
  return queue->locate(memory_) ? Outcome::Done : Outcome::Refused;
}

Device::Outcome Device::set_vring_base(Message& message) {
  Virtqueue* queue = queue_of(message);
  if (queue == nullptr) return Outcome::Refused;
  queue->set_next(static_cast<std::uint16_t>(message.at<VringState>().value));
  return Outcome::Done;
}

// Also ends the ring.
Device::Outcome Device::get_vring_base(Message& message) {
  Virtqueue* queue = queue_of(message);
  if (queue == nullptr) return Outcome::Refused;
  const VringState state{message.at<std::uint32_t>(), queue->stop()};
  send_reply(socket_.get(), message.head.request, std::as_bytes(std::span(&state, 1)));
  return Outcome::Answered;
}

Device::Outcome Device::set_vring_kick(Message& message) {
  Virtqueue* queue = queue_of(message);
  return queue != nullptr && queue->start(message.take_fd()) ? Outcome::Done : Outcome::Refused;
}

Device::Outcome Device::set_vring_call(Message& message) {
  Virtqueue* queue = queue_of(message);
  if (queue == nullptr) return Outcome::Refused;
  queue->set_call(message.take_fd());
  return Outcome::Done;
}

Device::Outcome Device::set_vring_enable(Message& message) {
  Virtqueue* queue = queue_of(message);
  if (queue == nullptr) return Outcome::Refused;
  queue->enable(message.at<VringState>().value != 0);
  return Outcome::Done;
}

// The device's configuration is the guest's CID. An answer without payload is a refusal.
Device::Outcome Device::get_config(Message& message) {
  const auto head = message.at<ConfigHead>();
  const auto space = std::as_bytes(std::span(&guest_cid_, 1));
  const bool is_within = head.offset <= space.size() && head.size <= space.size() - head.offset &&
                         message.head.size >= sizeof head + head.size;
  if (is_within) std::ranges::copy(space.subspan(head.offset, head.size), message.payload.begin() + sizeof head);
  send_reply(socket_.get(), message.head.request,
             std::span(message.payload).first(is_within ? sizeof head + head.size : 0));
  return Outcome::Answered;
}

}  // namespace microvm::standin::vsock
