#include "guest/server.h"

#include <signal.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <new>
#include <numeric>
#include <utility>

#include "common/posix/retry.h"
#include "guest/hardening.h"

namespace microvm::guest {
namespace {

constexpr std::uint32_t kListenerSource = 0;
constexpr std::uint32_t kSignalSource = 1;
constexpr std::uint32_t kFirstSlotSource = 2;
constexpr std::size_t kEventsAtOnce = 64;
constexpr int kAcceptsAtOnce = 64;
constexpr int kDrainTurns = 64;
constexpr auto kComplaintPause = std::chrono::seconds(1);

class SocketStream final : public Stream {
 public:
  explicit SocketStream(int fd) noexcept : fd_(fd) {}
  long receive(std::span<char> into) noexcept override {
    return result(posix::retry([&] { return ::recv(fd_, into.data(), into.size(), MSG_DONTWAIT); }));
  }
  long send(std::string_view bytes) noexcept override {
    return result(posix::retry([&] { return ::send(fd_, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL); }));
  }

 private:
  static long result(ssize_t n) noexcept { return n >= 0 ? n : -errno; }
  int fd_;
};

constexpr std::uint32_t events_for(Connection::Wants wants) noexcept {
  switch (wants) {
    case Connection::Wants::Input:
      return EPOLLIN;
    case Connection::Wants::Room:
      return EPOLLOUT;
    case Connection::Wants::Both:
      return EPOLLIN | EPOLLOUT;
    case Connection::Wants::End:
      return 0;
  }
  return 0;
}

FixedText cannot(std::string_view what) noexcept {
  const int error = errno;
  FixedText text("cannot ");
  return (text << what).errno_text(error);
}

}  // namespace

struct Server::Slot {
  Slot(UniqueFd descriptor, Workspace& workspace) noexcept : fd(std::move(descriptor)), connection(workspace) {}
  UniqueFd fd;
  Connection connection;
  std::uint32_t events = EPOLLIN;
};

Server::Server(Listener& listener, Requests& requests, Log& log, Config config)
    : listener_(listener),
      log_(log),
      config_(std::move(config)),
      inbox_(std::make_unique_for_overwrite<char[]>(kInboxSize)),
      workspace_{.requests = requests, .inbox = {inbox_.get(), kInboxSize}, .replies = {}} {}

Server::~Server() = default;

FixedText Server::start() {
  epoll_.reset(::epoll_create1(EPOLL_CLOEXEC));
  if (!epoll_.valid()) return cannot("make an epoll instance");
  sigset_t stop_signals;
  ::sigemptyset(&stop_signals);
  ::sigaddset(&stop_signals, SIGTERM);
  ::sigaddset(&stop_signals, SIGINT);
  ::sigprocmask(SIG_BLOCK, &stop_signals, nullptr);
  signals_.reset(::signalfd(-1, &stop_signals, SFD_NONBLOCK | SFD_CLOEXEC));
  if (!signals_.valid()) return cannot("make a signal descriptor");

  const unsigned free = free_descriptors();
  const unsigned room = free > kSpareDescriptors ? free - kSpareDescriptors : 1;
  const unsigned most = std::min(config_.max_connections, room);
  slots_.resize(most);
  free_slots_.resize(most);
  workspace_.requests.status().max_connections = most;
  std::iota(free_slots_.rbegin(), free_slots_.rend(), 0U);

  if (!watch(EPOLL_CTL_ADD, listener_.fd(), kListenerSource, EPOLLIN) ||
      !watch(EPOLL_CTL_ADD, signals_.get(), kSignalSource, EPOLLIN)) {
    return cannot("watch the listening socket");
  }
  return {};
}

bool Server::watch(int operation, int fd, std::uint32_t source, std::uint32_t events) noexcept {
  epoll_event event{.events = events, .data = {.u32 = source}};
  return ::epoll_ctl(epoll_.get(), operation, fd, &event) == 0;
}

void Server::run() noexcept {
  std::array<epoll_event, kEventsAtOnce> events;
  Time now = Clock::now();
  while (!stops_at_ || (free_slots_.size() < slots_.size() && now < *stops_at_)) {
    const int n = ::epoll_wait(epoll_.get(), events.data(), kEventsAtOnce, wait_ms(now));
    now = Clock::now();
    for (int i = 0; i < n; ++i) handle(events[static_cast<std::size_t>(i)].data.u32, now);
    tick(now);
  }
}

void Server::handle(std::uint32_t source, Time now) noexcept {
  if (source >= kFirstSlotSource) {
    const std::uint32_t index = source - kFirstSlotSource;
    if (!slots_[index]) return;
    if (stops_at_) {
      drain(index, now);
    } else {
      serve(index, now);
    }
  } else if (source == kSignalSource) {
    stop(now);
  } else if (!stops_at_) {
    accept_some(now);
  }
}

void Server::accept_some(Time now) noexcept {
  for (int i = 0; i < kAcceptsAtOnce; ++i) {
    bool allowed = false;
    UniqueFd fd = listener_.accept(config_.allowed_cids, allowed);
    if (fd.valid()) {
      admit(std::move(fd), allowed);
    } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
      return rest_listener(errno, now);
    } else if (errno == EAGAIN) {
      return;
    }
  }
}

void Server::admit(UniqueFd fd, bool allowed) noexcept {
  Status& status = workspace_.requests.status();
  if (!allowed) return turn_away("its peer is not allowed", status.refused_peers);
  if (free_slots_.empty()) return turn_away("too many connections", status.turned_away);
  const std::uint32_t index = free_slots_.back();
  const int descriptor = fd.get();
  slots_[index].reset(new (std::nothrow) Slot(std::move(fd), workspace_));
  if (!slots_[index]) return turn_away("out of memory", status.turned_away);
  free_slots_.pop_back();
  if (!watch(EPOLL_CTL_ADD, descriptor, index + kFirstSlotSource, EPOLLIN)) {
    close(index);
    return turn_away("it cannot be watched", status.turned_away);
  }
  ++status.connections;
}

void Server::turn_away(std::string_view why, std::uint64_t& counter) noexcept {
  ++counter;
  FixedText text("connection closed unread: ");
  log_(Level::Warning, text << why << " (" << counter << " so far)");
}

// Nobody can be let in: look again after a pause instead of at once for ever.
void Server::rest_listener(int error, Time now) noexcept {
  if (!complained_at_ || now >= *complained_at_ + kComplaintPause) {
    FixedText text("cannot accept connections");
    log_(Level::Error, text.errno_text(error));
    complained_at_ = now;
  }
  watch(EPOLL_CTL_MOD, listener_.fd(), kListenerSource, 0);
  rests_until_ = now + kAcceptPause;
}

// A client that is alone gets long turns, since replies leave together; one that has a neighbour gets short ones.
void Server::measure_turn(std::uint32_t index, Time now) noexcept {
  const bool other = index != last_served_ && slots_[last_served_] && now < last_served_at_ + kActiveFor;
  if (other) shared_until_ = now + kActiveFor;
  workspace_.turn = now < shared_until_ ? kSharedTurn : kTurn;
  last_served_ = index;
  last_served_at_ = now;
}

void Server::serve(std::uint32_t index, Time now) noexcept {
  measure_turn(index, now);
  Slot& slot = *slots_[index];
  SocketStream stream(slot.fd.get());
  settle(index, slot.connection.ready(stream, now));
}

// Told to stop: everything complete that has arrived is served, then the connection goes.
void Server::drain(std::uint32_t index, Time now) noexcept {
  Slot& slot = *slots_[index];
  SocketStream stream(slot.fd.get());
  Connection::Wants wants{};
  int turns = 0;
  do {
    wants = slot.connection.ready(stream, now);
  } while (++turns < kDrainTurns && wants == Connection::Wants::Input && !slot.connection.settled() &&
           Clock::now() < *stops_at_);
  settle(index, slot.connection.settled() ? Connection::Wants::End : wants);
}

void Server::settle(std::uint32_t index, Connection::Wants wants) noexcept {
  if (wants == Connection::Wants::End) return close(index);
  Slot& slot = *slots_[index];
  if (const std::uint32_t events = events_for(wants); events != slot.events) {
    slot.events = events;
    watch(EPOLL_CTL_MOD, slot.fd.get(), index + kFirstSlotSource, events);
  }
  if (const auto deadline = slot.connection.deadline()) {
    next_deadline_ = std::min(next_deadline_.value_or(Time::max()), *deadline);
  }
}

void Server::close(std::uint32_t index) noexcept {
  slots_[index].reset();
  free_slots_.push_back(index);  // has room for every slot
}

void Server::tick(Time now) noexcept {
  if (next_deadline_ && now >= *next_deadline_) expire(now);
  workspace_.requests.tick(now);
  if (rests_until_ && now >= *rests_until_ && !stops_at_) {
    watch(EPOLL_CTL_MOD, listener_.fd(), kListenerSource, EPOLLIN);
    rests_until_.reset();
  }
}

void Server::expire(Time now) noexcept {
  next_deadline_.reset();
  for (std::uint32_t index = 0; index < slots_.size(); ++index) {
    if (!slots_[index]) continue;
    Connection& connection = slots_[index]->connection;
    const auto deadline = connection.deadline();
    if (deadline && now >= *deadline) {
      SocketStream stream(slots_[index]->fd.get());
      connection.expire(stream, now);
      close(index);
    } else if (deadline) {
      next_deadline_ = std::min(next_deadline_.value_or(Time::max()), *deadline);
    }
  }
}

int Server::wait_ms(Time now) const noexcept {
  Time until = Time::max();
  for (const auto& limit : {next_deadline_, rests_until_, stops_at_, workspace_.requests.deadline()}) {
    if (limit) until = std::min(until, *limit);
  }
  if (until == Time::max()) return -1;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - now).count();
  return static_cast<int>(std::max<std::int64_t>(0, left));
}

void Server::stop(Time now) noexcept {
  signalfd_siginfo signal{};
  if (::read(signals_.get(), &signal, sizeof signal) < 0 || stops_at_) return;
  stops_at_ = now + kStopTimeout;
  workspace_.turn = kSharedTurn;
  FixedText text("stopping on signal ");
  log_(Level::Info, text << signal.ssi_signo);
  listener_.close();
  for (std::uint32_t index = 0; index < slots_.size(); ++index) {
    if (slots_[index]) drain(index, now);
  }
}

}  // namespace microvm::guest
