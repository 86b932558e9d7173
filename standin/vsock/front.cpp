#include "standin/vsock/front.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>

#include <array>
#include <cerrno>
#include <optional>

#include "standin/vsock/device.h"
#include "standin/vsock/muxer.h"

namespace microvm::standin::vsock {
namespace {

enum Source : std::uint32_t { Qemu, ToGuestKick, FromGuestKick, Streams };

constexpr int kPacketsAtOnce = 256;  // in each direction, before others have their turn

bool read_header(Buffers& chain, Header& header) {
  if (chain.size() < kHeaderSize) return false;
  chain.take(kHeaderSize).copy_to(&header);
  return header.len <= kMaxData && header.len <= chain.size();
}

}  // namespace

class Front::Impl {
 public:
  Impl(Options options, UniqueFd epoll, UniqueFd streams, UniqueFd timer)
      : guest_cid_(options.guest_cid),
        epoll_(std::move(epoll)),
        muxer_({options.listener, std::move(options.uds_path), options.guest_cid, options.last_host_port},
               std::move(streams), std::move(timer)) {}

  Result<UniqueFd> attach();
  void on_event();
  void reset();
  void hold_dials(bool on) { muxer_.hold_dials(on); }

  [[nodiscard]] bool runs() const noexcept { return device_ && device_->runs(); }
  [[nodiscard]] int event_fd() const noexcept { return epoll_.get(); }
  [[nodiscard]] const Muxer& muxer() const noexcept { return muxer_; }

 private:
  void detach();
  void follow_device();
  void take_from_guest();
  void give_to_guest();

  const std::uint64_t guest_cid_;
  UniqueFd epoll_;
  Muxer muxer_;
  std::optional<Device> device_;
  bool ran_ = false;
  Virtqueue::Chain chain_;
};

Result<UniqueFd> Front::Impl::attach() {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0)
    return std::unexpected(errno_fault(errno));
  UniqueFd ours(ends[0]);
  UniqueFd qemus(ends[1]);
  detach();
  epoll_event event{.events = EPOLLIN, .data = {.u32 = Qemu}};
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, ours.get(), &event) != 0) return std::unexpected(errno_fault(errno));
  device_.emplace(std::move(ours), guest_cid_, epoll_.get(), Device::Tokens{ToGuestKick, FromGuestKick});
  return qemus;
}

void Front::Impl::detach() {
  device_.reset();
  follow_device();
  muxer_.forget();
}

void Front::Impl::on_event() {
  std::array<epoll_event, 8> events;
  const int count = ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), 0);
  for (int i = 0; i < count; ++i) {
    switch (events[static_cast<std::size_t>(i)].data.u32) {
      case Qemu:
        if (device_ && !device_->serve()) detach();
        follow_device();
        break;
      case ToGuestKick:
        if (device_) device_->to_guest().take_kick();
        break;
      case FromGuestKick:
        if (device_) device_->from_guest().take_kick();
        break;
      default:
        if (runs()) muxer_.on_event();
    }
  }
  if (!runs()) return;
  take_from_guest();
  give_to_guest();
}

// Streams are served while the driver is up and the guest is not paused. A driver that starts anew knows of no
// connection; one that goes on after a pause does.
void Front::Impl::follow_device() {
  if (ran_ == runs()) return;
  ran_ = !ran_;
  if (ran_ && device_->is_fresh()) muxer_.forget();
  epoll_event event{.events = EPOLLIN, .data = {.u32 = Streams}};
  ::epoll_ctl(epoll_.get(), ran_ ? EPOLL_CTL_ADD : EPOLL_CTL_DEL, muxer_.event_fd(), &event);
}

void Front::Impl::take_from_guest() {
  Virtqueue& queue = device_->from_guest();
  for (int i = 0; queue.peek(device_->memory(), chain_); ++i) {
    if (i == kPacketsAtOnce) {
      queue.kick_again();
      break;
    }
    Header header;
    if (read_header(chain_.readable, header) && !muxer_.take(header, chain_.readable.take(header.len))) break;
    queue.use(chain_, 0);
  }
  queue.notify();
}

void Front::Impl::give_to_guest() {
  Virtqueue& queue = device_->to_guest();
  for (int i = 0; muxer_.has_packets() && queue.peek(device_->memory(), chain_); ++i) {
    if (i == kPacketsAtOnce) {
      queue.kick_again();
      break;
    }
    std::uint32_t written = 0;
    if (chain_.writable.size() >= kHeaderSize) {
      const Buffers head = chain_.writable.take(kHeaderSize);
      const auto packet = muxer_.next_packet(chain_.writable);
      if (!packet) break;
      head.copy_from(&*packet);
      written = static_cast<std::uint32_t>(kHeaderSize) + packet->len;
    }
    queue.use(chain_, written);
  }
  queue.notify();
}

void Front::Impl::reset() {
  muxer_.reset();
  if (runs()) give_to_guest();
}

Result<Front> Front::open(Options options) {
  const int flags = ::fcntl(options.listener, F_GETFL);
  if (flags < 0 || ::fcntl(options.listener, F_SETFL, flags | O_NONBLOCK) != 0)
    return std::unexpected(errno_fault(errno));
  UniqueFd epoll(::epoll_create1(EPOLL_CLOEXEC));
  UniqueFd streams(::epoll_create1(EPOLL_CLOEXEC));
  UniqueFd timer(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK));
  if (!epoll.valid() || !streams.valid() || !timer.valid()) return std::unexpected(errno_fault(errno));
  return Front(std::make_unique<Impl>(std::move(options), std::move(epoll), std::move(streams), std::move(timer)));
}

Front::Front(std::unique_ptr<Impl> impl) noexcept : impl_(std::move(impl)) {}
Front::Front(Front&&) noexcept = default;
Front& Front::operator=(Front&&) noexcept = default;
Front::~Front() = default;

Result<UniqueFd> Front::attach() { return impl_->attach(); }
void Front::reset() { impl_->reset(); }
void Front::hold_dials(bool on) { impl_->hold_dials(on); }
bool Front::driver_is_up() const noexcept { return impl_->runs(); }
std::uint32_t Front::last_host_port() const noexcept { return impl_->muxer().last_host_port(); }
const Counters& Front::counters() const noexcept { return impl_->muxer().counters(); }
int Front::event_fd() const noexcept { return impl_->event_fd(); }
void Front::on_event() { impl_->on_event(); }

}  // namespace microvm::standin::vsock
