// Messages of vhost-user as they come over QEMU's socket (docs/interop/vhost-user.rst of QEMU): a head, a payload, and
// descriptors that travel beside it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

#include "common/base/unique_fd.h"

namespace microvm::standin::vsock {

inline constexpr std::size_t kMaxPayload = 512;
inline constexpr std::size_t kMaxMessageFds = 8;

struct Message {
  struct Head {
    std::uint32_t request;
    std::uint32_t flags;
    std::uint32_t size;  ///< of the payload
  };
  Head head{};
  std::array<std::byte, kMaxPayload> payload{};
  std::vector<UniqueFd> fds;

  [[nodiscard]] bool needs_reply() const noexcept { return (head.flags & 8U) != 0; }
  /// The caller knows that the payload is long enough.
  template <class T>
  [[nodiscard]] T at(std::size_t offset = 0) const noexcept {
    T value;
    std::memcpy(&value, payload.data() + offset, sizeof value);
    return value;
  }
  UniqueFd take_fd() noexcept { return fds.empty() ? UniqueFd() : std::move(fds.front()); }
};

/// Reads one message after the other, in whatever pieces it comes; never waits.
class MessageReader {
 public:
  enum class Got { Message, NothingYet, End };
  /// Into message(), which stays until the next call.
  Got read(int socket);
  [[nodiscard]] Message& message() noexcept { return message_; }

 private:
  Got fill(int socket, void* at, std::size_t begin, std::size_t size);

  Message message_;
  std::size_t have_ = 0;  ///< of head and payload
};

/// False: QEMU is gone, or does not read.
bool send_reply(int socket, std::uint32_t request, std::span<const std::byte> payload);

}  // namespace microvm::standin::vsock
