// Waits for a daemon, through whatever befalls the connection meanwhile.
#include <algorithm>
#include <optional>
#include <thread>
#include <utility>

#include "common/base/deadline.h"
#include "microvm/metadata.h"

namespace microvm::metadata {
namespace {

using namespace std::chrono_literals;

// A ping whose connection died unseen is never answered, a slow guest answers late: so a silent try is given up, and
// each one is given more time than the one before.
constexpr std::chrono::milliseconds kFirstSilence = 1s;
// For a daemon that accepts and hangs up at once.
constexpr std::chrono::milliseconds kPause = 5ms;

// What a try needs to tell something by itself.
constexpr std::chrono::milliseconds kFairTry = 250ms;

bool not_yet(ErrorCode code) noexcept { return code == ErrorCode::ConnectionLost || code == ErrorCode::ReplyTimeout; }
bool is_timeout(ErrorCode code) noexcept {
  return code == ErrorCode::HandshakeTimeout || code == ErrorCode::ReplyTimeout;
}

Result<void> try_once(const Endpoint& endpoint, const Options& options) {
  auto client = Client::connect(endpoint, options);
  return client ? client->ping() : std::unexpected(std::move(client.error()));
}

}  // namespace

Result<void> wait_until_answered(const Endpoint& endpoint, const Options& options) {
  // As everywhere: ten years are for ever.
  const Deadline deadline = Deadline::after(std::min<std::chrono::milliseconds>(options.connect_timeout, 24h * 3650))
                                .earlier(Deadline::at(options.deadline));
  Options once = options;
  once.deadline = deadline.when();
  once.request_timeout = kFirstSilence;
  for (std::optional<Error> last;;) {
    const bool hasty = deadline.left() < kFairTry;
    auto answered = try_once(endpoint, once);
    if (answered) return answered;
    const ErrorCode code = answered.error().code;
    // A try that the deadline cut short says less than the one before it.
    if (hasty && last && is_timeout(code)) return std::unexpected(std::move(*last));
    if (!not_yet(code) || deadline.passed()) return answered;
    if (code == ErrorCode::ReplyTimeout) once.request_timeout *= 2;
    last = std::move(answered.error());
    std::this_thread::sleep_until(Deadline::after(kPause).earlier(deadline).when());
  }
}

}  // namespace microvm::metadata
