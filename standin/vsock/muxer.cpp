#include "standin/vsock/muxer.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>

#include "common/posix/unix_address.h"
#include "standin/vsock/handshake.h"

namespace microvm::standin::vsock {
namespace {

constexpr std::chrono::milliseconds kRetry{5};
constexpr std::chrono::seconds kCallPatience{2};  // as long as the guest itself waits

bool control(int epoll, int operation, int fd, std::uint32_t events) {
  epoll_event event{.events = events, .data = {.fd = fd}};
  return ::epoll_ctl(epoll, operation, fd, &event) == 0;
}

// 0 or an errno; EAGAIN: its queue is full.
int dial(const std::string& path, UniqueFd& stream) {
  const auto address = posix::unix_address(path);
  if (!address) return EINVAL;
  stream.reset(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!stream.valid()) return errno;
  return ::connect(stream.get(), reinterpret_cast<const sockaddr*>(&*address), sizeof *address) == 0 ? 0 : errno;
}

}  // namespace

Muxer::Muxer(Options options, UniqueFd epoll, UniqueFd timer)
    : options_(std::move(options)),
      epoll_(std::move(epoll)),
      timer_(std::move(timer)),
      last_host_port_(options_.last_host_port) {
  control(epoll_.get(), EPOLL_CTL_ADD, timer_.get(), EPOLLIN);
  watch_listener(true);
}

// ---- the guest's side

bool Muxer::take(const Header& packet, Buffers data) {
  const Ports ports{packet.dst_port, packet.src_port};
  if (packet.type != kStream) return answer_reset(ports), true;
  if (packet.dst_cid != kHostCid) return true;
  const At at = connections_.find(ports);
  if (at == connections_.end()) {
    if (packet.op == Op::Request) return call_host(packet);
    answer_reset(ports);
  } else if (packet.op == Op::Reset) {
    remove(at);
  } else {
    at->second.connection.take_packet(packet, std::move(data));
    settle(at);
  }
  return true;
}

std::optional<Header> Muxer::next_packet(Buffers& room) {
  std::optional<Header> packet;
  if (!resets_.empty()) {
    packet.emplace();
    packet->op = Op::Reset;
    packet->src_port = resets_.front().host;
    packet->dst_port = resets_.front().guest;
    resets_.pop_front();
  }
  while (!packet && !speaking_.empty()) {
    const At at = connections_.find(speaking_.front());
    speaking_.pop_front();
    at->second.speaks = false;
    packet = at->second.connection.next_packet(room);
    if (packet && packet->op == Op::Reset) {
      remove(at);
    } else {
      settle(at);
    }
  }
  if (packet) {
    packet->src_cid = kHostCid;
    packet->dst_cid = options_.guest_cid;
    ++counters_.rx_packets_count;
  }
  return packet;
}

// A listener whose queue is full holds up all that the guest sends, as it does in Firecracker, but nothing else.
bool Muxer::call_host(const Header& request) {
  UniqueFd stream;
  const int error = dial(options_.uds_path + "_" + std::to_string(request.dst_port), stream);
  if (error == EAGAIN) {
    if (!call_waits_) call_waits_ = Deadline::after(kCallPatience);
    if (!call_waits_->passed()) {
      retry_soon();
      return false;
    }
  }
  call_waits_.reset();
  const Ports ports{request.dst_port, request.src_port};
  if (error != 0 || !add(ports, Connection::by_guest(std::move(stream), request, counters_))) answer_reset(ports);
  return true;
}

void Muxer::answer_reset(Ports ports) {
  if (resets_.size() < kMaxResets) resets_.push_back(ports);
}

// ---- the host's side

void Muxer::on_event() {
  std::array<epoll_event, 64> events;
  const int count = ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), 0);
  for (int i = 0; i < count; ++i) {
    const auto& event = events[static_cast<std::size_t>(i)];
    const int fd = event.data.fd;
    if (fd == options_.listener) {
      accept_one();
    } else if (fd == timer_.get()) {
      std::uint64_t ticks = 0;
      [[maybe_unused]] const ssize_t n = ::read(fd, &ticks, sizeof ticks);
      watch_listener(dials_.size() < kMaxDials);
    } else if (dials_.contains(fd)) {
      read_dial(fd);
    } else if (const auto found = by_stream_.find(fd); found != by_stream_.end()) {
      const At at = connections_.find(found->second);
      // A stream that is gone is found out by doing what was wanted of it.
      const bool is_gone = (event.events & (EPOLLHUP | EPOLLERR)) != 0;
      at->second.connection.on_stream(is_gone ? at->second.polled : event.events);
      settle(at);
    }
  }
}

void Muxer::accept_one() {
  UniqueFd stream(::accept4(options_.listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (!stream.valid()) {
    if (errno == EAGAIN) return;
    watch_listener(false);  // out of descriptors: the listener would report itself for ever
    return retry_soon();
  }
  if (connections_.size() >= kMaxConnections) return;
  const int fd = stream.get();
  if (!control(epoll_.get(), EPOLL_CTL_ADD, fd, EPOLLIN)) return;
  dials_.emplace(fd, std::move(stream));
  if (dials_.size() >= kMaxDials) watch_listener(false);
}

// What has come at the first look must be the whole line. It is taken in any case: whether something is left unread
// decides how the host sees the stream end.
void Muxer::read_dial(int fd) {
  std::array<char, kMaxConnectLine> seen;
  const ssize_t n = ::recv(fd, seen.data(), seen.size(), MSG_PEEK);
  if (n < 0 && errno == EAGAIN) return;
  UniqueFd stream = std::move(dials_.extract(fd).mapped());
  control(epoll_.get(), EPOLL_CTL_DEL, fd, 0);
  watch_listener(true);
  if (n <= 0) return;
  const ConnectLine line = read_connect_line({seen.data(), static_cast<std::size_t>(n)});
  [[maybe_unused]] const ssize_t taken = ::recv(fd, seen.data(), line.size, 0);
  if (!line.port) return;
  const Ports ports{next_host_port(), *line.port};
  add(ports, Connection::by_host(std::move(stream), ports, counters_));
}

void Muxer::hold_dials(bool on) {
  holds_dials_ = on;
  watch_listener(dials_.size() < kMaxDials);
}

void Muxer::watch_listener(bool on) {
  on = on && !holds_dials_;
  if (listens_ == on) return;
  listens_ = on;
  control(epoll_.get(), on ? EPOLL_CTL_ADD : EPOLL_CTL_DEL, options_.listener, EPOLLIN);
}

void Muxer::retry_soon() {
  const itimerspec when{.it_interval = {}, .it_value = {0, std::chrono::nanoseconds(kRetry).count()}};
  ::timerfd_settime(timer_.get(), 0, &when, nullptr);
}

// Round and round in [2^30, 2^31).
std::uint32_t Muxer::next_host_port() {
  constexpr std::uint32_t kFirst = 1U << 30;
  do {
    last_host_port_ = ((last_host_port_ + 1) & (kFirst - 1)) | kFirst;
    const auto found = connections_.lower_bound({last_host_port_, 0});
    if (found == connections_.end() || found->first.host != last_host_port_) return last_host_port_;
  } while (true);
}

// ---- the table

bool Muxer::add(Ports ports, Connection connection) {
  sweep();
  if (connections_.size() >= kMaxConnections) return false;
  by_stream_.emplace(connection.stream(), ports);
  settle(connections_.emplace(ports, Entry{std::move(connection)}).first);
  ++counters_.conns_added;
  return true;
}

void Muxer::sweep() {
  for (At at = connections_.begin(); at != connections_.end(); ++at) {
    if (!at->second.connection.has_expired()) continue;
    at->second.connection.kill();
    ++counters_.conns_killed;
    settle(at);
  }
}

// Whatever has changed a connection: it may have something to say now, and want other events.
void Muxer::settle(At at) {
  Entry& entry = at->second;
  poll(entry, entry.connection.wanted_events());
  if (!entry.connection.has_packet() || entry.speaks) return;
  speaking_.push_back(at->first);
  entry.speaks = true;
}

void Muxer::poll(Entry& entry, std::uint32_t events) {
  if (entry.polled == events) return;
  const int operation = entry.polled == 0 ? EPOLL_CTL_ADD : events == 0 ? EPOLL_CTL_DEL : EPOLL_CTL_MOD;
  entry.polled = events;
  if (control(epoll_.get(), operation, entry.connection.stream(), events)) return;
  entry.connection.kill();
}

void Muxer::remove(At at) {
  poll(at->second, 0);
  by_stream_.erase(at->second.connection.stream());
  if (at->second.speaks) std::erase(speaking_, at->first);
  connections_.erase(at);
  ++counters_.conns_removed;
}

void Muxer::reset() {
  while (!connections_.empty()) {
    answer_reset(connections_.begin()->first);
    remove(connections_.begin());
  }
}

void Muxer::forget() {
  reset();
  resets_.clear();
  call_waits_.reset();
}

}  // namespace microvm::standin::vsock
