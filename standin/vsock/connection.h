// One connection: a stream of the host on one side, packets from and to the guest on the other. Its states and what it
// answers are Firecracker's; it does not know how packets travel.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "common/base/deadline.h"
#include "common/base/unique_fd.h"
#include "standin/vsock/buffers.h"
#include "standin/vsock/counters.h"
#include "standin/vsock/packet.h"
#include "standin/vsock/send_buffer.h"

namespace microvm::standin::vsock {

class Connection {
 public:
  /// For a request by the host and for the answer to a shutdown, the guest has so long. Firecracker looks at it only
  /// when another connection is added.
  static constexpr std::chrono::seconds kPatience{2};

  /// The host has dialled; `stream` does not block.
  static Connection by_host(UniqueFd stream, Ports ports, Counters& counters);
  /// The guest has dialled, with this request.
  static Connection by_guest(UniqueFd stream, const Header& request, Counters& counters);

  /// There is something to tell the guest.
  [[nodiscard]] bool has_packet() const noexcept { return pending_ != 0; }
  /// It, but for the CIDs; data is read into `room`. Nothing: there was nothing after all. Behind a Reset the
  /// connection is over.
  std::optional<Header> next_packet(Buffers& room);
  /// From the guest; any but Reset.
  void take_packet(const Header& packet, Buffers data);

  [[nodiscard]] int stream() const noexcept { return stream_.get(); }
  [[nodiscard]] std::uint32_t wanted_events() const noexcept;
  void on_stream(std::uint32_t events);

  [[nodiscard]] bool has_expired() const noexcept { return expiry_ && expiry_->passed(); }
  /// The guest is told, and then it is over.
  void kill() noexcept;

 private:
  enum class State : std::uint8_t { HostDials, GuestDials, Established, HostClosed, GuestCloses, Killed };
  /// What there is to tell the guest, as bits; a read is one of the stream, which then decides.
  enum Pending : std::uint8_t { Reset = 1, Response = 2, Request = 4, Read = 8, Credit = 16 };

  Connection(UniqueFd stream, Ports ports, State state, Pending first, Counters& counters)
      : stream_(std::move(stream)), ports_(ports), counters_(&counters), state_(state), pending_(first) {}

  [[nodiscard]] bool take_pending(Pending what) noexcept;
  [[nodiscard]] Header header(Op op) const noexcept;
  [[nodiscard]] std::uint32_t credit() const noexcept { return peer_buf_alloc_ - (rx_count_ - peer_fwd_cnt_); }
  [[nodiscard]] bool can_read() const noexcept;
  [[nodiscard]] bool can_write() const noexcept;
  std::optional<Header> read_stream(Buffers& room);
  void establish();
  void take_data(Buffers data);
  void take_shutdown(std::uint32_t flags);
  void flush();
  void forwarded(std::size_t bytes) noexcept;
  void offer_credit() noexcept;

  UniqueFd stream_;
  Ports ports_;
  Counters* counters_;
  State state_;
  std::uint8_t pending_;
  std::uint32_t closed_ = 0;  ///< flags of the guest's Shutdown, gathered
  bool stream_ends_ = false;  ///< the host sends no more
  SendBuffer unsent_;
  std::uint32_t fwd_cnt_ = 0;       ///< bytes that the stream took
  std::uint32_t told_fwd_cnt_ = 0;  ///< as the guest knows it
  std::uint32_t rx_count_ = 0;      ///< bytes that went to the guest
  std::uint32_t peer_buf_alloc_ = 0;
  std::uint32_t peer_fwd_cnt_ = 0;
  std::optional<Deadline> expiry_;
};

}  // namespace microvm::standin::vsock
