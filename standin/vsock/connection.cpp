#include "standin/vsock/connection.h"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <string>

namespace microvm::standin::vsock {
namespace {

constexpr std::uint32_t kWindow = SendBuffer::kCapacity;
constexpr std::uint32_t kLowWindow = 4 * 1024;  // the guest is told of more room when it knows of less
constexpr std::uint32_t kBothWays = kNoMoreReceived | kNoMoreSent;

// Never a signal, never a wait.
ssize_t send_parts(int stream, const Buffers& data) {
  msghdr message{};
  message.msg_iov = const_cast<iovec*>(data.parts().data());
  message.msg_iovlen = data.parts().size();
  return ::sendmsg(stream, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
}

}  // namespace

Connection Connection::by_host(UniqueFd stream, Ports ports, Counters& counters) {
  return {std::move(stream), ports, State::HostDials, Request, counters};
}

Connection Connection::by_guest(UniqueFd stream, const Header& request, Counters& counters) {
  Connection made{std::move(stream), {request.dst_port, request.src_port}, State::GuestDials, Response, counters};
  made.peer_buf_alloc_ = request.buf_alloc;
  return made;
}

bool Connection::take_pending(Pending what) noexcept {
  const bool was = (pending_ & what) != 0;
  pending_ = static_cast<std::uint8_t>(pending_ & ~what);
  return was;
}

Header Connection::header(Op op) const noexcept {
  Header made;
  made.src_port = ports_.host;
  made.dst_port = ports_.guest;
  made.op = op;
  made.buf_alloc = kWindow;
  made.fwd_cnt = fwd_cnt_;
  return made;
}

void Connection::kill() noexcept {
  state_ = State::Killed;
  pending_ |= Reset;
  expiry_.reset();
}

std::optional<Header> Connection::next_packet(Buffers& room) {
  if (take_pending(Reset)) return header(Op::Reset);
  if (take_pending(Response)) {
    state_ = State::Established;
    return header(Op::Response);
  }
  if (take_pending(Request)) {
    expiry_ = Deadline::after(kPatience);
    return header(Op::Request);
  }
  if (take_pending(Read)) {
    if (auto packet = read_stream(room)) {
      told_fwd_cnt_ = fwd_cnt_;
      return packet;
    }
  }
  if (take_pending(Credit)) {
    told_fwd_cnt_ = fwd_cnt_;
    return header(Op::CreditUpdate);
  }
  return std::nullopt;
}

bool Connection::can_read() const noexcept {
  return state_ == State::Established || (state_ == State::GuestCloses && (closed_ & kNoMoreReceived) == 0);
}

bool Connection::can_write() const noexcept {
  return state_ == State::Established || (state_ == State::GuestCloses && (closed_ & kNoMoreSent) == 0);
}

std::optional<Header> Connection::read_stream(Buffers& room) {
  if (!can_read()) return header(Op::Reset);
  if (credit() == 0) return header(Op::CreditRequest);
  const Buffers parts = room.take(std::min(credit(), kMaxData));
  const ssize_t n = ::readv(stream_.get(), parts.parts().data(), static_cast<int>(parts.parts().size()));
  if (n < 0) return errno == EAGAIN ? std::nullopt : std::optional(header(Op::Reset));
  if (n == 0) {
    state_ = State::HostClosed;
    expiry_ = Deadline::after(kPatience);
    Header packet = header(Op::Shutdown);
    packet.flags = kBothWays;
    return packet;
  }
  Header packet = header(Op::Data);
  packet.len = static_cast<std::uint32_t>(n);
  rx_count_ += packet.len;
  counters_->rx_bytes_count += packet.len;
  const bool is_more_likely = packet.len == parts.size() || stream_ends_;
  if (is_more_likely && credit() > 0) pending_ |= Read;
  return packet;
}

void Connection::take_packet(const Header& packet, Buffers data) {
  peer_buf_alloc_ = packet.buf_alloc;
  peer_fwd_cnt_ = packet.fwd_cnt;
  ++counters_->tx_packets_count;
  if (packet.op == Op::Data && can_write()) {
    take_data(std::move(data));
  } else if (packet.op == Op::Response && state_ == State::HostDials) {
    establish();
  } else if (packet.op == Op::Shutdown && (state_ == State::Established || state_ == State::GuestCloses)) {
    take_shutdown(packet.flags);
  } else if (packet.op == Op::CreditRequest && (can_write() || state_ == State::GuestDials)) {
    pending_ |= Credit;
  }
}

// The line is not part of what is counted.
void Connection::establish() {
  expiry_.reset();
  state_ = State::Established;
  const std::string line = "OK " + std::to_string(ports_.host) + "\n";
  const ssize_t n = ::send(stream_.get(), line.data(), line.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  if (n != static_cast<ssize_t>(line.size())) kill();
}

void Connection::take_data(Buffers data) {
  if (unsent_.empty() && data.size() != 0) {
    const ssize_t n = send_parts(stream_.get(), data);
    if (n < 0 && errno != EAGAIN) return kill();
    if (n > 0) {
      forwarded(static_cast<std::size_t>(n));
      data.take(static_cast<std::size_t>(n));
    }
  }
  if (!unsent_.push(data)) return kill();  // more than it was told there is room for
  offer_credit();
}

// Data that the stream has not taken yet goes there first.
void Connection::take_shutdown(std::uint32_t flags) {
  const bool is_first = state_ == State::Established;
  state_ = State::GuestCloses;
  closed_ |= flags & kBothWays;
  if (closed_ != kBothWays) return;
  if (unsent_.empty()) {
    pending_ |= Reset;
  } else if (is_first) {
    expiry_ = Deadline::after(kPatience);
  }
}

std::uint32_t Connection::wanted_events() const noexcept {
  std::uint32_t events = unsent_.empty() ? 0U : static_cast<std::uint32_t>(EPOLLOUT);
  const bool may_read = can_read() || state_ == State::HostDials || state_ == State::GuestDials;
  if (may_read && credit() != 0 && (pending_ & Read) == 0) events |= EPOLLIN | EPOLLRDHUP;
  return events;
}

void Connection::on_stream(std::uint32_t events) {
  if ((events & EPOLLIN) != 0) pending_ |= Read;
  // The end then goes to the guest right behind the last data: it has no time to answer in between.
  if ((events & EPOLLRDHUP) != 0) stream_ends_ = true;
  if ((events & EPOLLOUT) != 0 && !unsent_.empty()) flush();
}

void Connection::flush() {
  const ssize_t n = unsent_.flush(stream_.get());
  if (n < 0 && errno != EAGAIN) return kill();
  if (n > 0) forwarded(static_cast<std::size_t>(n));
  if (state_ == State::GuestCloses && closed_ == kBothWays && unsent_.empty()) {
    pending_ |= Reset;
  } else {
    offer_credit();
  }
}

void Connection::forwarded(std::size_t bytes) noexcept {
  fwd_cnt_ += static_cast<std::uint32_t>(bytes);
  counters_->tx_bytes_count += bytes;
}

void Connection::offer_credit() noexcept {
  const std::uint32_t room = kWindow - (fwd_cnt_ - told_fwd_cnt_);
  if (room < kLowWindow) pending_ |= Credit;
}

}  // namespace microvm::standin::vsock
