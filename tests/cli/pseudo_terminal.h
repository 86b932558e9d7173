// A terminal, of which a test has the keyboard and the screen.
#pragma once

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>
#include <string_view>
#include <system_error>

#include "common/base/deadline.h"
#include "common/base/unique_fd.h"
#include "tests/support/line_client.h"

namespace microvm::test {

class PseudoTerminal {
 public:
  PseudoTerminal() : keyboard_(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)) {
    std::array<char, 64> name{};
    if (!keyboard_.valid() || ::grantpt(keyboard_.get()) != 0 || ::unlockpt(keyboard_.get()) != 0 ||
        ::ptsname_r(keyboard_.get(), name.data(), name.size()) != 0) {
      throw std::system_error(errno, std::generic_category(), "pseudo terminal");
    }
    line_.reset(::open(name.data(), O_RDWR | O_NOCTTY | O_CLOEXEC));
  }

  /// What a program gets as its standard descriptors.
  [[nodiscard]] int line() const noexcept { return line_.get(); }
  /// For a child, before it runs its program: this is its controlling terminal, as descriptor 0.
  static bool control() noexcept { return ::setsid() >= 0 && ::ioctl(0, TIOCSCTTY, 0) == 0; }

  void type(std::string_view keys) const {
    if (::write(keyboard_.get(), keys.data(), keys.size()) < 0) throw std::system_error(errno, std::generic_category());
  }
  /// The window is closed.
  void hang_up() noexcept {
    line_.reset();
    keyboard_.reset();
  }
  /// All that was shown, as soon as `text` is a part of it; throws where it never comes.
  std::string& wait_for(std::string_view text, Deadline deadline = Deadline::after(kPatience)) {
    while (shown_.find(text) == std::string::npos) {
      pollfd readable{.fd = keyboard_.get(), .events = POLLIN, .revents = 0};
      if (::poll(&readable, 1, deadline.poll_ms()) <= 0 && deadline.passed()) {
        throw std::runtime_error("never shown: " + std::string(text) + "; but: " + shown_);
      }
      std::array<char, 4096> bytes;  // NOLINT(cppcoreguidelines-pro-type-member-init)
      const ssize_t n = ::read(keyboard_.get(), bytes.data(), bytes.size());
      if (n > 0) shown_.append(bytes.data(), static_cast<std::size_t>(n));
    }
    return shown_;
  }
  [[nodiscard]] termios settings() const {
    termios settings{};
    ::tcgetattr(line_.get(), &settings);
    return settings;
  }

 private:
  UniqueFd keyboard_, line_;
  std::string shown_;
};

}  // namespace microvm::test
