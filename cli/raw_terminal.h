// A terminal that hands over each key as it is typed, until this goes.
#pragma once

#include <termios.h>
#include <unistd.h>

#include <optional>

namespace microvm::cli {

class RawTerminal {
 public:
  /// Does nothing where `fd` is no terminal.
  explicit RawTerminal(int fd) noexcept : fd_(fd) {
    termios settings{};
    if (::tcgetattr(fd, &settings) != 0) return;
    before_ = settings;
    ::cfmakeraw(&settings);
    ::tcsetattr(fd, TCSADRAIN, &settings);
  }
  // What was typed and not read was meant for the guest.
  ~RawTerminal() {
    if (before_) ::tcsetattr(fd_, TCSAFLUSH, &*before_);
  }
  RawTerminal(const RawTerminal&) = delete;
  RawTerminal& operator=(const RawTerminal&) = delete;

  [[nodiscard]] bool is_terminal() const noexcept { return before_.has_value(); }

 private:
  int fd_;
  std::optional<termios> before_;
};

}  // namespace microvm::cli
