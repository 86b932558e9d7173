// Packets of virtio-vsock as they lie in the guest's memory (virtio 1.2, 5.10.6).
#pragma once

#include <bit>
#include <compare>
#include <cstddef>
#include <cstdint>

namespace microvm::standin::vsock {

enum class Op : std::uint16_t {
  Invalid = 0,
  Request = 1,
  Response = 2,
  Reset = 3,
  Shutdown = 4,
  Data = 5,
  CreditUpdate = 6,
  CreditRequest = 7,
};

inline constexpr std::uint64_t kHostCid = 2;
inline constexpr std::uint16_t kStream = 1;
inline constexpr std::uint32_t kNoMoreReceived = 1;  ///< flags of Shutdown
inline constexpr std::uint32_t kNoMoreSent = 2;
inline constexpr std::uint32_t kMaxData = 64 * 1024;  ///< of one packet

struct Header {
  std::uint64_t src_cid = 0;
  std::uint64_t dst_cid = 0;
  std::uint32_t src_port = 0;
  std::uint32_t dst_port = 0;
  std::uint32_t len = 0;
  std::uint16_t type = kStream;
  Op op = Op::Invalid;
  std::uint32_t flags = 0;
  std::uint32_t buf_alloc = 0;
  std::uint32_t fwd_cnt = 0;
};
inline constexpr std::size_t kHeaderSize = 44;  ///< sizeof pads it
static_assert(offsetof(Header, fwd_cnt) + sizeof(Header::fwd_cnt) == kHeaderSize);
static_assert(std::endian::native == std::endian::little);

/// What names a connection.
struct Ports {
  std::uint32_t host = 0;
  std::uint32_t guest = 0;
  auto operator<=>(const Ports&) const = default;
};

}  // namespace microvm::standin::vsock
