// A raw client of a line protocol on a unix socket: sends what it is told, byte by byte if need be.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/deadline.h"
#include "common/base/unique_fd.h"

namespace microvm::test {

inline constexpr std::chrono::seconds kPatience{20};  ///< for what should take milliseconds, on a busy machine

class LineClient {
 public:
  LineClient() noexcept = default;  ///< not connected
  explicit LineClient(UniqueFd connected) noexcept : fd_(std::move(connected)) {}
  /// One try; throws std::system_error when nothing accepts.
  static LineClient connect(const std::string& path);
  /// Tries until something listens; throws std::system_error at the deadline.
  static LineClient connect(const std::string& path, Deadline deadline);

  [[nodiscard]] int fd() const noexcept { return fd_.get(); }
  void close() noexcept { fd_.reset(); }

  /// All of it; false when the peer is gone or the deadline passed.
  bool send(std::string_view bytes, Deadline deadline = Deadline::after(kPatience));
  /// What the socket takes without waiting.
  std::size_t send_some(std::string_view bytes);
  /// Waits until the peer has read all that was sent; false at the deadline.
  [[nodiscard]] bool await_taken(Deadline deadline = Deadline::after(kPatience)) const;
  /// No more is sent: the peer reads to the end of the stream.
  void finish() noexcept;
  /// Without its newline; nothing at the end of the stream or at the deadline.
  std::optional<std::string> read_line(Deadline deadline = Deadline::after(kPatience));
  /// What one recv gives, behind what read_line left over; empty at the end of the stream or at the deadline.
  std::string read_some(Deadline deadline = Deadline::after(kPatience));
  /// True when the peer closed, and sent nothing (more) before it.
  bool at_end(Deadline deadline = Deadline::after(kPatience));
  /// A line sent, a line read; "" where there is no answer.
  std::string ask(std::string_view line_with_newline);

 private:
  enum class Event { Data, End, Timeout };
  Event fill(Deadline deadline);

  UniqueFd fd_;
  std::string buffer_;
};

/// A listening socket; its file outlives it. Throws std::system_error.
UniqueFd listen_unix(const std::string& path);

}  // namespace microvm::test
