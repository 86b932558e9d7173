// The receiving side of one connection: a fixed buffer, lines out of it, requests out of the lines.
//
// Pure: bytes in, requests or a refusal out. It has micro_http's memory: after a refusal neither the state nor what was
// buffered before that read is forgotten, so a connection may be stuck for good.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <span>
#include <string>
#include <vector>

#include "standin/http/head.h"
#include "standin/http/request.h"

namespace microvm::standin::http {

class Receiver {
 public:
  static constexpr std::size_t kBufferSize = 1024;  ///< also the longest line, its end included

  explicit Receiver(std::size_t payload_limit) noexcept : payload_limit_(payload_limit) {}

  /// Where the next read goes; never empty.
  std::span<char> room() noexcept { return std::span(buffer_).subspan(cursor_); }

  struct Received {
    std::string interim;  ///< bytes to send ahead of any answer: "100"s, then the refusal if there is one
    std::vector<Request> requests;
  };
  /// `n` bytes were read into room().
  Received grew(std::size_t n);

 private:
  enum class State : std::uint8_t { RequestLine, Headers, Body };
  enum class Step : std::uint8_t { GoOn, NeedsMore, Refused };

  Step step(std::size_t end);
  Step request_line(std::size_t end);
  Step header_line(std::size_t end);
  Step head_is_whole();
  Step body(std::size_t end);
  Step finish();
  Step refuse(std::string_view why);
  Step keep_rest(std::size_t end) noexcept;
  /// The line that begins at start_, without its end; `found` is false while it is not whole.
  [[nodiscard]] std::string_view line(std::size_t end, bool& found) const noexcept;

  std::array<char, kBufferSize> buffer_{};
  std::size_t cursor_ = 0;  ///< bytes kept from earlier reads
  std::size_t start_ = 0;   ///< within one read: where the next line or body begins
  State state_ = State::RequestLine;
  Request pending_;
  Headers headers_;
  std::string body_;
  std::size_t body_missing_ = 0;
  std::size_t payload_limit_;
  Received received_;
};

}  // namespace microvm::standin::http
