#include "tests/standin/vsock_front_recorded_guest.h"

#include <algorithm>

namespace microvm::test {
namespace {

constexpr std::uint32_t kFirstCall = 40000;

}  // namespace

void RecordedGuest::run() {
  while (!stopping_) {
    const auto packet = driver_.receive(Deadline::after(std::chrono::milliseconds(10)));
    if (packet) handle(*packet, {packet->header.src_port, packet->header.dst_port});
  }
}

void RecordedGuest::say(Ports ports, Op op, std::uint32_t flags) {
  standin::vsock::Header header;
  header.src_cid = 3;
  header.dst_cid = standin::vsock::kHostCid;
  header.src_port = ports.guest;
  header.dst_port = ports.host;
  header.op = op;
  header.flags = flags;
  header.buf_alloc = VsockDriver::kWindow;
  header.fwd_cnt = streams_[ports].received;
  driver_.send(header);
}

// As much as the host has said it takes; the rest when it says more.
void RecordedGuest::send_data(Ports ports, const std::string& data) {
  Stream& stream = streams_[ports];
  stream.unsent += data;
  while (!stream.unsent.empty()) {
    const std::uint32_t window = stream.host_window - (stream.sent - stream.host_has);
    const std::size_t size = std::min<std::size_t>({stream.unsent.size(), window, 4096});
    if (size == 0) return;
    standin::vsock::Header header;
    header.src_cid = 3;
    header.dst_cid = standin::vsock::kHostCid;
    header.src_port = ports.guest;
    header.dst_port = ports.host;
    header.op = Op::Data;
    header.buf_alloc = VsockDriver::kWindow;
    header.fwd_cnt = stream.received;
    driver_.send(header, stream.unsent.substr(0, size));
    stream.sent += static_cast<std::uint32_t>(size);
    stream.unsent.erase(0, size);
  }
}

void RecordedGuest::handle(const Packet& packet, Ports ports) {
  if (packet.header.op == Op::Request) {
    streams_[ports] = {};
  } else if (!streams_.contains(ports)) {
    return;
  }
  Stream& stream = streams_[ports];
  stream.host_window = packet.header.buf_alloc;
  stream.host_has = packet.header.fwd_cnt;
  switch (packet.header.op) {
    case Op::Request:
      return accept(ports);
    case Op::Data:
      return take_data(ports, packet.data);
    case Op::CreditUpdate:
      return send_data(ports, {});
    case Op::CreditRequest:
      return say(ports, Op::CreditUpdate);
    case Op::Response:
      return called(ports, packet.header.op);
    case Op::Shutdown:
      say(ports, Op::Reset);
      streams_.erase(ports);
      return;
    default:
      if (ports.guest >= kFirstCall && stream.control.guest != 0) called(ports, packet.header.op);
      streams_.erase(ports);
  }
}

void RecordedGuest::accept(Ports ports) {
  if (ports.guest == 58) return;
  if (ports.guest < 52 || ports.guest > 61) {
    say(ports, Op::Reset);
    streams_.erase(ports);
    return;
  }
  say(ports, Op::Response);
  if (ports.guest == 53) send_data(ports, "hello from guest\n");
  if (ports.guest == 60) send_data(ports, "bye\n");
  if (ports.guest == 54 || ports.guest == 60)
    say(ports, Op::Shutdown, standin::vsock::kNoMoreReceived | standin::vsock::kNoMoreSent);
  if (ports.guest == 55) say(ports, Op::Reset);
}

void RecordedGuest::take_data(Ports ports, const std::string& data) {
  Stream& stream = streams_[ports];
  const bool is_first = stream.received == 0;
  stream.received += static_cast<std::uint32_t>(data.size());
  if (ports.guest == 56 && is_first) return say(ports, Op::Shutdown, standin::vsock::kNoMoreSent);
  if (ports.guest == 61 && is_first) return say(ports, Op::Shutdown, standin::vsock::kNoMoreReceived);
  if (ports.guest == 57) {
    const Ports call{static_cast<std::uint32_t>(std::stoul(data.substr(1))), next_call_++};
    streams_[call].control = ports;
    return say(call, Op::Request);
  }
  if (ports.guest == 52 || ports.guest == 53 || ports.guest >= kFirstCall) send_data(ports, data);
}

// A call was answered: R, or reset: X.
void RecordedGuest::called(Ports ports, Op op) {
  const Ports control = std::exchange(streams_[ports].control, {});
  send_data(control, op == Op::Response ? "R\n" : "X\n");
  if (op == Op::Response) send_data(ports, "guest calling\n");
}

}  // namespace microvm::test
