// A client that costs as little as can be: one blocking socket, one buffer.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "common/base/deadline.h"
#include "common/base/unique_fd.h"

namespace microvm::bench {

inline constexpr std::chrono::seconds kPatience{20};

class Client {
 public:
  /// Tries until something listens; throws std::system_error at the deadline.
  static Client connect(const std::string& path, Deadline deadline = Deadline::after(kPatience));

  [[nodiscard]] int fd() const noexcept { return fd_.get(); }

  /// All of it; throws std::system_error where the peer is gone or takes nothing for `kPatience`.
  void send(std::string_view bytes) const;
  /// Reads until there are `size` bytes, of which the last ends a line: that many and no more are owed. The last part.
  std::string_view read(std::size_t size);
  /// One line; throws std::runtime_error where it says `"ok":false`.
  std::string_view read_line();
  std::string_view ask(std::string_view line) {
    send(line);
    return read_line();
  }

 private:
  explicit Client(UniqueFd fd) noexcept : fd_(std::move(fd)) {}
  std::string_view read_some();

  UniqueFd fd_;
  std::unique_ptr<char[]> buffer_ = std::make_unique<char[]>(kBuffer);
  static constexpr std::size_t kBuffer = 256 * 1024;
};

}  // namespace microvm::bench
