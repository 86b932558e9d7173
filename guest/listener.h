// The listening socket, and who may come in through it.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string>

#include "common/base/fixed_text.h"
#include "common/base/unique_fd.h"
#include "guest/options.h"

namespace microvm::guest {

class Listener {
 public:
  /// Binds the address; a descriptor that was handed over is checked instead. Nobody can connect before `listen`.
  static std::expected<Listener, FixedText> bind(const ListenOn& where);

  FixedText listen() noexcept;

  /// Takes one connection, non-blocking. Without one: errno, EAGAIN when none waits.
  UniqueFd accept(std::span<const std::uint32_t> allowed_cids, bool& allowed) noexcept;

  /// Stops listening and removes the socket file if it is still the one made here.
  void close() noexcept;

  [[nodiscard]] int fd() const noexcept { return fd_.get(); }
  [[nodiscard]] const std::string& description() const noexcept { return description_; }

 private:
  Listener(UniqueFd fd, int family, std::string description) noexcept
      : fd_(std::move(fd)), family_(family), description_(std::move(description)) {}

  static std::expected<Listener, FixedText> bind_vsock(std::uint32_t port);
  static std::expected<Listener, FixedText> bind_unix(const std::string& path);
  static std::expected<Listener, FixedText> take_over(int fd);

  UniqueFd fd_;
  int family_;
  std::string description_;
  bool listening_ = false;
  std::string path_;  // of the socket file made here
  dev_t device_ = 0;
  ino_t inode_ = 0;
};

/// The descriptor that socket activation passed (sd_listen_fds(3)): nothing when it did not address this process, an
/// error when it is not exactly one.
std::expected<std::optional<int>, FixedText> activated_descriptor(const char* listen_pid, const char* listen_fds,
                                                                  std::int64_t own_pid);

}  // namespace microvm::guest
