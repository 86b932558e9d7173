#include "host/vsock/dial.h"

#include <fmt/format.h>
#include <poll.h>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <optional>

#include "common/base/printable.h"
#include "common/posix/unix_address.h"
#include "host/vsock/handshake.h"

namespace microvm::vsock {
namespace {

using namespace std::chrono_literals;

// A CONNECT that got lost (a restore, a reset) is never answered, a slow guest answers late: so a silent try is given
// up, and each one is given more time than the one before.
constexpr std::chrono::milliseconds kFirstSilence = 250ms;
constexpr std::chrono::milliseconds kLongestSilence = 2s;
// Short enough to notice a listening port within 5 ms, long enough not to burn a CPU while a guest boots.
constexpr std::chrono::milliseconds kFirstPause = 1ms;
constexpr std::chrono::milliseconds kLongestPause = 3ms;

bool not_yet(ErrorCode code) noexcept {
  return code == ErrorCode::SocketMissing || code == ErrorCode::Refused || code == ErrorCode::NotListening ||
         code == ErrorCode::HandshakeTimeout;
}

Error bad_path(std::string_view uds_path) {
  return {ErrorCode::Invalid, 0,
          fmt::format("vsock socket {}: its path has {} bytes; one of 1 to {}, without NUL, is needed",
                      printable(uds_path, posix::kMaxSocketPath), uds_path.size(), posix::kMaxSocketPath)};
}

// Sleeps; true when the end came first.
bool ended_within(int end_fd, Deadline deadline) {
  const std::chrono::nanoseconds left = deadline.left();
  const timespec time{.tv_sec = left / 1s, .tv_nsec = (left % 1s).count()};
  pollfd end{.fd = end_fd, .events = POLLIN, .revents = 0};
  return ::ppoll(&end, 1, &time, nullptr) > 0;
}

}  // namespace

Result<UniqueFd> dial(std::string_view uds_path, std::uint32_t port, Deadline deadline, int end_fd) {
  const auto address = posix::unix_address(uds_path);
  if (!address) return std::unexpected(bad_path(uds_path));

  const auto start = Deadline::Clock::now();
  auto silence = kFirstSilence;
  auto pause = kFirstPause;
  std::optional<Error> last;
  for (unsigned tries = 1;; ++tries) {
    const Deadline own = Deadline::after(silence);
    auto stream = handshake(*address, port, own.earlier(deadline), end_fd);
    if (stream) return stream;

    Error& error = stream.error();
    const bool silent = error.code == ErrorCode::HandshakeTimeout;
    // A try that the deadline cut short says less than a failure before it.
    const bool cut_short = silent && deadline.passed() && !own.passed();
    if (!last || !cut_short) last = std::move(error);
    if (!not_yet(last->code) || deadline.passed()) {
      const auto waited = std::chrono::duration_cast<std::chrono::milliseconds>(Deadline::Clock::now() - start);
      last->message = fmt::format("vsock socket {}, guest port {}: {}; tried {} time{} in {} ms",
                                  printable(uds_path, uds_path.size()), port, last->message, tries,
                                  tries == 1 ? "" : "s", waited.count());
      return std::unexpected(std::move(*last));
    }
    if (silent && own.passed()) {
      silence = std::min(2 * silence, kLongestSilence);
    } else {
      if (ended_within(end_fd, Deadline::after(pause).earlier(deadline))) return std::unexpected(ended());
      pause = std::min(2 * pause, kLongestPause);
    }
  }
}

}  // namespace microvm::vsock
