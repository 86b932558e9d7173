#include "guest/connection.h"

#include <algorithm>
#include <bit>
#include <cerrno>
#include <utility>

#include "common/base/find_byte.h"
#include "common/wire/limits.h"

namespace microvm::guest {
namespace {

constexpr std::size_t kSmallestBuffer = 512;
constexpr std::size_t kBufferStep = 32 * 1024;
constexpr std::string_view kTooLong = "line too long: limit 1048576 bytes";
static_assert(wire::kMaxRequestLine == 1048576);
constexpr std::string_view kBusy = "busy: the buffers of all connections are full, try again";
constexpr std::string_view kTooSlow = "line not finished within 30 s";
static_assert(kLineTimeout == std::chrono::seconds(30));

// Doubles while it is small, then goes in steps: room that nobody uses would count against the others' share.
std::size_t buffer_size_for(std::size_t content) noexcept {
  const std::size_t size =
      content < kBufferStep ? std::bit_ceil(content + 1) : (content / kBufferStep + 1) * kBufferStep;
  return std::clamp(size, kSmallestBuffer, wire::kMaxRequestLine);
}

static_assert(kShortLine + kLongTurn < kInboxSize && kShortLine + kTurn < kInboxSize);

}  // namespace

Connection::~Connection() {
  give_back_in();
  give_back_out();
}

Connection::Wants Connection::ready(Stream& stream, Time now) noexcept {
  bool alive = send_queued(stream, now);
  if (alive && backlog_ && !choked()) alive = serve_kept(stream, now);
  if (alive && !choked() && !ended_) alive = read_some(stream, now);
  return alive ? wants() : Wants::End;
}

Connection::Wants Connection::wants() const noexcept {
  if (ended_) return out_.empty() ? Wants::End : Wants::Room;
  if (choked()) return Wants::Room;
  return out_.empty() ? Wants::Input : Wants::Both;
}

bool Connection::read_some(Stream& stream, Time now) noexcept {
  drained_ = false;
  return in_.size() < kShortLine ? read_lines(stream, now) : read_long_line(stream, now);
}

// Reads as much as one turn is to serve, in the inbox and behind what is unfinished; more only of a line that is
// longer.
bool Connection::read_lines(Stream& stream, Time now) noexcept {
  const std::size_t kept = in_.size();
  in_.view().copy(shared_.inbox.data(), kept);
  const std::span<char> into = shared_.inbox.subspan(kept);
  const std::size_t turn = std::min(into.size(), skipping_ ? kLongTurn : shared_.turn);
  long n = receive(stream, into.first(turn));
  if (!skipping_ && n == static_cast<long>(turn) && find_byte({into.data(), turn}, '\n') == std::string_view::npos) {
    scanned_ = kept + turn;
    n += std::max(0L, stream.receive(into.subspan(turn)));  // its end, or what is wrong, comes again
  }
  if (n <= 0) {
    wipe(shared_.inbox.data(), kept);
    return n == 0;
  }
  in_.clear();
  return serve_inbox(stream, shared_.inbox.first(kept + static_cast<std::size_t>(n)), now);
}

// A long line is read on where it stands, so that it is not copied again.
bool Connection::read_long_line(Stream& stream, Time now) noexcept {
  if (in_.size() == in_room_ && !make_room_in(in_.size())) {
    const bool alive = refuse(stream, {in_.data(), in_.size()}, kBusy, now);
    give_back_in();
    return alive;
  }
  const std::size_t room = std::min(in_room_ - in_.size(), kLongTurn);
  const long n = receive(stream, {in_.data() + in_.size(), room});
  if (n <= 0) return n == 0;
  in_.grew(static_cast<std::size_t>(n));
  return serve_kept(stream, now);
}

// A positive count, 0 when there is nothing (more) to serve, or a negative errno.
long Connection::receive(Stream& stream, std::span<char> into) noexcept {
  const long n = stream.receive(into);
  drained_ = n == -EAGAIN;
  if (n != 0) return drained_ ? 0 : n;
  ended_ = true;  // an unfinished line is never run
  give_back_in();
  line_since_.reset();
  return 0;
}

bool Connection::serve_inbox(Stream& stream, std::span<char> input, Time now) noexcept {
  std::size_t used = 0;
  const bool alive = serve(stream, input, used, now) && keep(stream, input.subspan(used), now);
  wipe(input.data(), input.size());
  if (in_.empty()) give_back_in();
  note_unfinished(now);
  return alive;
}

bool Connection::serve_kept(Stream& stream, Time now) noexcept {
  std::size_t used = 0;
  bool alive = serve(stream, {in_.data(), in_.size()}, used, now);
  in_.consume(used);
  if (alive && !backlog_ && in_.size() >= wire::kMaxRequestLine) {
    alive = refuse(stream, {in_.data(), in_.size()}, kTooLong, now);
    in_.clear();
  }
  scanned_ = backlog_ ? 0 : in_.size();
  if (in_.empty()) give_back_in();
  note_unfinished(now);
  return alive;
}

bool Connection::serve(Stream& stream, std::span<char> input, std::size_t& used, Time now) noexcept {
  std::size_t step = 0;
  do {
    step = serve_lines(input.subspan(used), now);
    used += step;
    // Also when it failed: what stays in the shared buffer would reach another client.
    if (!flush(stream, now) || failed_) return false;
  } while (step != 0 && !choked());
  backlog_ = choked() && used < input.size();
  return true;
}

// Serves whole lines until their replies are as many as may wait; answers the bytes used up.
std::size_t Connection::serve_lines(std::span<char> input, Time now) noexcept {
  std::size_t used = 0;
  while (!failed_ && shared_.replies.size() < kMaxQueuedReplies) {
    const std::span<char> rest = input.subspan(used);
    const std::size_t from = std::min(std::exchange(scanned_, 0), rest.size());
    const std::size_t newline = find_byte({rest.data() + from, rest.size() - from}, '\n');
    if (newline == std::string_view::npos) return skipping_ ? input.size() : used;
    const std::size_t size = from + newline;
    used += size + 1;
    line_since_.reset();
    if (!std::exchange(skipping_, false)) failed_ = !shared_.requests.serve(rest.first(size), now, shared_.replies);
  }
  return used;
}

// Input that was read but not served moves from the inbox to a buffer of the connection's own.
bool Connection::keep(Stream& stream, std::span<char> rest, Time now) noexcept {
  if (rest.empty()) return true;
  if (make_room_in(rest.size()) && in_.append({rest.data(), rest.size()})) {
    scanned_ = backlog_ ? 0 : rest.size();
    return true;
  }
  // Whole lines that found no room cannot be answered in order by a client that takes no replies.
  return !backlog_ && refuse(stream, rest, kBusy, now);
}

bool Connection::refuse(Stream& stream, std::span<char> kept, std::string_view error, Time now) noexcept {
  skipping_ = true;
  scanned_ = 0;
  return shared_.requests.refuse(kept, error, shared_.replies) && flush(stream, now);
}

void Connection::note_unfinished(Time now) noexcept {
  const bool unfinished = !backlog_ && (skipping_ || !in_.empty());
  if (!unfinished) line_since_.reset();
  if (unfinished && !line_since_) line_since_ = now;
}

bool Connection::flush(Stream& stream, Time now) noexcept {
  Bytes& replies = shared_.replies;
  long n = 0;
  if (out_.empty() && !replies.empty()) n = stream.send(replies.view());
  bool alive = n >= 0 || n == -EAGAIN;
  const std::string_view left = replies.view().substr(static_cast<std::size_t>(std::max(n, 0L)));
  if (alive && !left.empty()) {
    if (out_.empty()) reply_since_ = now;
    alive = make_room_out(out_.size() + left.size()) && out_.append(left);
  }
  replies.clear();
  shared_.requests.replied();
  if (replies.capacity() > 2 * kMaxQueuedReplies) replies.free();
  return alive;
}

bool Connection::send_queued(Stream& stream, Time now) noexcept {
  if (out_.empty()) return true;
  const long n = stream.send(out_.view());
  if (n == -EAGAIN) return true;
  if (n <= 0) return false;
  out_.consume(static_cast<std::size_t>(n));
  reply_since_ = now;
  if (out_.empty()) {
    give_back_out();
    reply_since_.reset();
  }
  return true;
}

std::optional<Connection::Time> Connection::deadline() const noexcept {
  std::optional<Time> first;
  if (line_since_) first = *line_since_ + kLineTimeout;
  if (reply_since_) first = std::min(first.value_or(Time::max()), *reply_since_ + kReplyTimeout);
  return first;
}

void Connection::expire(Stream& stream, Time now) noexcept {
  const bool owes_line = line_since_ && now >= *line_since_ + kLineTimeout && !skipping_;
  if (owes_line) (void)refuse(stream, {in_.data(), in_.size()}, kTooSlow, now);
}

bool Connection::make_room_in(std::size_t size) noexcept {
  const std::size_t room = buffer_size_for(size);
  if (room <= in_room_) return true;
  // A long line has its whole room at once, or it would be copied again and again. What counts is the part that is
  // used: the rest is addresses without memory.
  const std::size_t capacity = room > kBufferStep ? wire::kMaxRequestLine : room;
  if (shared_.buffered + room - in_room_ > kMaxBuffered || !in_.reserve(capacity)) return false;
  shared_.buffered += room - std::exchange(in_room_, room);
  return true;
}

bool Connection::make_room_out(std::size_t capacity) noexcept {
  if (capacity <= out_.capacity()) return true;
  const std::size_t more = capacity - out_.capacity();
  if (shared_.buffered + more > kMaxBuffered || !out_.reserve(capacity)) return false;
  shared_.buffered += more;
  return true;
}

void Connection::give_back_in() noexcept {
  shared_.buffered -= std::exchange(in_room_, 0);
  in_.free();
}

void Connection::give_back_out() noexcept {
  shared_.buffered -= out_.capacity();
  out_.free();
}

}  // namespace microvm::guest
