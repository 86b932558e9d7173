// QEMU and a guest's driver in one: it plugs the vsock device over vhost-user and works its rings, packet by packet.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/deadline.h"
#include "common/base/unique_fd.h"
#include "standin/vsock/packet.h"
#include "tests/support/line_client.h"

namespace microvm::test {

struct Packet {
  standin::vsock::Header header;
  std::string data;
};

class VsockDriver {
 public:
  using Header = standin::vsock::Header;
  using Op = standin::vsock::Op;
  using Ports = standin::vsock::Ports;
  static constexpr std::uint32_t kWindow = 60'000;  ///< of the guest: no multiple of what one packet takes

  /// The device is plugged, and nothing more.
  explicit VsockDriver(UniqueFd vhost_user);
  ~VsockDriver();
  VsockDriver(const VsockDriver&) = delete;
  VsockDriver& operator=(const VsockDriver&) = delete;

  /// The driver starts from nothing.
  void start();
  /// The rings stand still, and go on where they were.
  void pause();
  void resume();

  /// Nothing at the deadline.
  std::optional<Packet> receive(Deadline deadline = Deadline::after(kPatience));
  /// No packets come while there is no room for them.
  void keep_buffers(bool keep) { keeps_buffers_ = keep; }
  void give_back_buffers();

  /// From guest to host, as the connection's next packet. Waits until the device has taken it.
  void send(Ports ports, Op op, std::string_view data = {}, std::uint32_t flags = 0);
  /// As it stands.
  void send(const Header& header, std::string_view data = {});

  /// A chain in the ring to the host, made by hand; the lengths that were used. Waits until the device has taken it.
  struct Descriptor {
    std::uint64_t address;
    std::uint32_t size;
    std::uint16_t flags;
    std::uint16_t next;
  };
  void send_chain(const std::vector<Descriptor>& descriptors);
  /// Where the rings' memory begins, as the guest sees it.
  static constexpr std::uint64_t kGuestBase = 0x4000'0000;
  /// The ring to the host claims to hold so many chains more.
  void claim(std::uint16_t chains);

  /// A message of QEMU; what was answered.
  std::string ask(std::uint32_t request, std::string_view payload, const std::vector<int>& fds = {},
                  bool wants_answer = true, std::uint32_t flags = 1);
  /// False while the device is plugged.
  [[nodiscard]] bool is_unplugged();

 private:
  struct Ring {
    std::uint64_t base;
    std::uint16_t available = 0;
    std::uint16_t used = 0;
    std::uint16_t resume_at = 0;
    UniqueFd kick{};
    UniqueFd call{};
  };

  template <class T>
  T& at(std::uint64_t offset) {
    return *reinterpret_cast<T*>(memory_ + offset);
  }
  void start_ring(std::uint32_t index);
  void make_available(Ring& ring, std::uint16_t head);
  bool await_used(Ring& ring, Deadline deadline);
  void give_buffer(std::uint16_t number);

  UniqueFd socket_;
  UniqueFd file_;
  char* memory_ = nullptr;
  std::array<Ring, 2> rings_{Ring{.base = 0}, Ring{.base = 0x4000}};
  bool keeps_buffers_ = false;
  std::deque<std::uint16_t> kept_;
};

}  // namespace microvm::test
