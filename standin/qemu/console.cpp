#include "standin/qemu/console.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string_view>

#include "common/posix/retry.h"

namespace microvm::standin::qemu {
namespace {

// A pipe that polls as writable takes so much without waiting.
constexpr std::size_t kPipeTakes = 4096;

// What waits for nobody: standard output belongs to others as well, so it does not become non-blocking for them.
void write_or_drop(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    pollfd ready{fd, POLLOUT, 0};
    if (::poll(&ready, 1, 0) <= 0 || (ready.revents & POLLOUT) == 0) return;
    const ssize_t n = posix::retry([&] { return ::write(fd, bytes.data(), std::min(bytes.size(), kPipeTakes)); });
    if (n <= 0) return;
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
}

// Firecracker reads standard input from a terminal or a pipe only.
bool is_interactive(int fd) {
  struct stat info{};
  return ::isatty(fd) == 1 || (::fstat(fd, &info) == 0 && S_ISFIFO(info.st_mode));
}

}  // namespace

Result<Console> Console::open(UniqueFd from_guest, UniqueFd to_guest, const Serial& config) {
  UniqueFd file;
  if (config.serial_out_path) {
    const char* const path = config.serial_out_path->text.c_str();
    file.reset(::open(path, O_RDWR | O_NONBLOCK | O_CREAT | O_CLOEXEC, 0666));
    if (!file.valid()) return std::unexpected(errno_fault(errno));
  }
  return Console(std::move(from_guest), std::move(to_guest), std::move(file), config);
}

Console::Console(UniqueFd from_guest, UniqueFd to_guest, UniqueFd file, const Serial& config)
    : from_guest_(std::move(from_guest)),
      to_guest_(std::move(to_guest)),
      file_(std::move(file)),
      refilled_(Clock::now()) {
  for (const int end : {from_guest_.get(), to_guest_.get()}) ::fcntl(end, F_SETFL, O_NONBLOCK);
  if (config.rate_limiter && config.rate_limiter->limits()) limit_ = *config.rate_limiter;
  tokens_ = static_cast<double>(limit_.size);
  burst_ = static_cast<double>(limit_.one_time_burst.value_or(0));
  if (file_.valid() || !is_interactive(STDIN_FILENO)) return;
  input_ = STDIN_FILENO;
  termios now{};
  if (::tcgetattr(input_, &now) != 0) return;
  terminal_.reset(::fcntl(input_, F_DUPFD_CLOEXEC, 3));
  terminal_was_.assign(reinterpret_cast<const char*>(&now), sizeof now);
  now.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO | ISIG);
  ::tcsetattr(input_, TCSANOW, &now);
}

Console::~Console() {
  if (terminal_.valid()) ::tcsetattr(terminal_.get(), TCSANOW, reinterpret_cast<const termios*>(terminal_was_.data()));
}

bool Console::relay_output() {
  std::array<char, kPipeTakes> block;
  while (true) {
    const ssize_t n = posix::retry([&] { return ::read(from_guest_.get(), block.data(), block.size()); });
    if (n < 0 && errno == EAGAIN) return true;
    if (n <= 0) return false;
    const std::string_view bytes(block.data(), static_cast<std::size_t>(n));
    if (may_write(bytes.size())) write_or_drop(file_.valid() ? file_.get() : STDOUT_FILENO, bytes);
  }
}

bool Console::relay_input() {
  std::array<char, 64> block;  // as much as a serial port holds
  const ssize_t n = ::read(input_, block.data(), block.size());
  if (n < 0 && (errno == EINTR || errno == EAGAIN)) return true;
  if (n <= 0) return false;
  return ::write(to_guest_.get(), block.data(), static_cast<std::size_t>(n)) >= 0 || errno == EAGAIN;
}

// A bucket of tokens that fills evenly, and a burst in front of it that does not come back.
bool Console::may_write(std::uint64_t bytes) {
  if (limit_.size == 0) return true;
  const auto now = Clock::now();
  const double ms = std::chrono::duration<double, std::milli>(now - refilled_).count();
  const auto size = static_cast<double>(limit_.size);
  tokens_ = std::min(size, tokens_ + ms * size / static_cast<double>(limit_.refill_time_ms));
  refilled_ = now;
  const auto wanted = static_cast<double>(bytes);
  const double from_burst = std::min(burst_, wanted);
  if (wanted - from_burst > tokens_) return false;
  burst_ -= from_burst;
  tokens_ -= wanted - from_burst;
  return true;
}

}  // namespace microvm::standin::qemu
