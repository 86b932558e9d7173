// One connection: bytes in, lines served in order, replies out. Knows neither descriptors nor the clock.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "common/base/bytes.h"
#include "guest/limits.h"
#include "guest/requests.h"

namespace microvm::guest {

/// The stream below a connection. Both calls answer a count, 0 at its end, or a negative errno; -EAGAIN means later.
class Stream {
 public:
  virtual long receive(std::span<char> into) noexcept = 0;
  virtual long send(std::string_view bytes) noexcept = 0;

 protected:
  ~Stream() = default;
};

/// What all connections share.
struct Workspace {
  Requests& requests;
  std::span<char> inbox;     ///< where input is read to; between two calls it holds nothing
  Bytes replies;             ///< likewise
  std::size_t buffered = 0;  ///< bytes of all connections' own buffers together
  std::size_t turn = kTurn;  ///< bytes of lines that one of them may have served at a time
};

class Connection {
 public:
  using Time = std::chrono::steady_clock::time_point;
  enum class Wants : std::uint8_t { Input, Room, Both, End };

  explicit Connection(Workspace& shared) noexcept : shared_(shared) {}
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// The stream may have input, or room for replies: serves one turn of it without waiting.
  /// Answers what it waits for then; End means close.
  Wants ready(Stream& stream, Time now) noexcept;

  /// When the client will have kept the daemon waiting for too long, if it does.
  [[nodiscard]] std::optional<Time> deadline() const noexcept;
  /// The deadline has passed: tells the client where it can. Close then.
  void expire(Stream& stream, Time now) noexcept;

  /// The last call found nothing more to read, and every reply is sent.
  [[nodiscard]] bool settled() const noexcept { return drained_ && out_.empty(); }

 private:
  [[nodiscard]] bool choked() const noexcept { return out_.size() >= kMaxQueuedReplies; }
  [[nodiscard]] Wants wants() const noexcept;

  // Each answers false when the connection is to be closed.
  bool read_some(Stream& stream, Time now) noexcept;
  bool read_lines(Stream& stream, Time now) noexcept;
  bool read_long_line(Stream& stream, Time now) noexcept;
  long receive(Stream& stream, std::span<char> into) noexcept;
  bool serve_inbox(Stream& stream, std::span<char> input, Time now) noexcept;
  bool serve_kept(Stream& stream, Time now) noexcept;
  bool serve(Stream& stream, std::span<char> input, std::size_t& used, Time now) noexcept;
  bool keep(Stream& stream, std::span<char> rest, Time now) noexcept;
  bool refuse(Stream& stream, std::span<char> kept, std::string_view error, Time now) noexcept;
  bool flush(Stream& stream, Time now) noexcept;
  bool send_queued(Stream& stream, Time now) noexcept;

  std::size_t serve_lines(std::span<char> input, Time now) noexcept;
  void note_unfinished(Time now) noexcept;
  [[nodiscard]] bool make_room_in(std::size_t size) noexcept;
  [[nodiscard]] bool make_room_out(std::size_t capacity) noexcept;
  void give_back_in() noexcept;
  void give_back_out() noexcept;

  Workspace& shared_;
  Bytes in_;                 // input not served yet: an unfinished line, or whole ones while replies are unread
  Bytes out_;                // replies that the client has not taken
  std::size_t in_room_ = 0;  // of `in_`, as it counts
  std::size_t scanned_ = 0;  // bytes of `in_` that hold no newline
  bool skipping_ = false;    // the rest of a line that was refused
  bool backlog_ = false;     // `in_` may hold whole lines
  bool ended_ = false;       // the client sends no more
  bool drained_ = false;
  bool failed_ = false;              // no memory for a reply
  std::optional<Time> line_since_;   // the first byte of the unfinished line
  std::optional<Time> reply_since_;  // the last time the client took some of its replies
};

}  // namespace microvm::guest
