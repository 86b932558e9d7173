// The stream below a connection, as a test wants it to behave.
#pragma once

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <limits>
#include <string>
#include <string_view>
#include <utility>

#include "guest/connection.h"

namespace microvm::test {

class FakeStream final : public guest::Stream {
 public:
  static constexpr std::size_t kNoLimit = std::numeric_limits<std::size_t>::max();

  std::string input;                 // what the client sends; gone once it is all read
  bool ended = false;                // nothing comes behind it
  std::size_t at_once = kNoLimit;    // most that one receive brings
  std::size_t room = kNoLimit;       // what the client's window still takes
  std::size_t most_sent = kNoLimit;  // most that one send takes
  int receive_error = 0;
  int send_error = 0;

  std::string output;              // what the client has received
  std::size_t sends = 0;           // calls that took something
  bool asked_for_nothing = false;  // a receive without room, which would look like the end of the stream

  [[nodiscard]] std::size_t unread() const noexcept { return input.size() - taken_; }

  long receive(std::span<char> into) noexcept override {
    asked_for_nothing = asked_for_nothing || into.empty();
    if (receive_error != 0) return -receive_error;
    if (input.empty()) return ended ? 0 : -EAGAIN;
    const std::size_t n = input.copy(into.data(), std::min(into.size(), at_once), taken_);
    taken_ += n;
    if (unread() == 0) input.erase(0, std::exchange(taken_, 0));
    return static_cast<long>(n);
  }

  long send(std::string_view bytes) noexcept override {
    if (send_error != 0) return -send_error;
    const std::size_t n = std::min({bytes.size(), room, most_sent});
    if (n == 0) return -EAGAIN;
    if (room != kNoLimit) room -= n;
    output += bytes.substr(0, n);
    ++sends;
    return static_cast<long>(n);
  }

 private:
  std::size_t taken_ = 0;
};

}  // namespace microvm::test
