// Hands a running guest its environment and secrets: the client of microvm-guest-metadatad.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "microvm/error.h"
#include "microvm/metadata_types.h"

namespace microvm::metadata {

/// Where the daemon of one VM is reached.
struct Endpoint {
  std::string uds_path;       ///< the VM's vsock socket (`uds_path` of Firecracker's vsock device)
  std::uint32_t port = 5555;  ///< the daemon's vsock port in the guest
};

struct Options {
  /// Bounds all of connect(): waiting for the socket, the VMM and the daemon, and the handshake.
  std::chrono::milliseconds connect_timeout{10'000};
  /// Bounds one request: sending it and reading its reply.
  std::chrono::milliseconds request_timeout{5'000};
  /// Bounds everything the client ever does, whatever the two timeouts say.
  std::chrono::steady_clock::time_point deadline = std::chrono::steady_clock::time_point::max();
  /// When the connection is lost during a request: dial anew and send it once more, within `request_timeout`. Every
  /// request is idempotent, but another writer may have come between, and `Applied::changed` is then that of the second
  /// one. A request with `if_match` is never sent twice: done at first, it would be a conflict.
  bool resend_if_lost = false;
  /// A descriptor that becomes readable when there is no use in dialling on, such as the VMM's pidfd: connect() then
  /// ends at once (VmmDied). It stays the caller's.
  int end_fd = -1;
};

/// What the requests of the same names refuse as Invalid, for callers that want to know before they connect: keys,
/// values and names by the daemon's own rules, text that is not UTF-8, and a request over kMaxRequestBytes.
Result<void> check_env(const Env& env, EnvMode mode = EnvMode::Replace);
Result<void> check_secret(std::string_view name, std::span<const std::byte> value);
Result<void> check_change(const Change& change);

/// Dials and pings, again after a lost connection or a ping that stays unanswered, until the daemon answers or
/// `options.connect_timeout` is over: for a guest that boots, is restored or restarts its daemon.
Result<void> wait_until_answered(const Endpoint& endpoint, const Options& options = {});

/// One connection to one daemon. Movable; not thread-safe: use one per thread.
///
/// A refused request (Rejected) leaves it usable. After ReplyTimeout, ConnectionLost or a protocol error it is closed
/// for good and every further call answers ConnectionLost, so that a late reply is never taken for another request's;
/// bytes that the guest sends unasked are such an error (BadReply), found at the next call. Connect anew then.
/// What the guest wrote appears in error messages only as printable ASCII, cut to 512 bytes, and not at all when it
/// quotes a value of the request (eight bytes of a secret, or a whole env value that long).
class Client {
 public:
  /// Dials until the daemon's port answers or `options.connect_timeout` is over. A missing or refused socket, silence
  /// and an end of the stream before the handshake's OK mean "not yet" and are tried again; the last of them is the
  /// error's code.
  static Result<Client> connect(const Endpoint& endpoint, const Options& options = {});

  Client(Client&&) noexcept;
  Client& operator=(Client&&) noexcept;
  ~Client();

  /// Answered by a daemon that serves.
  Result<void> ping();
  /// Every key and value is checked before anything is sent; one bad entry refuses the whole batch.
  Result<void> set_env(const Env& env, EnvMode mode = EnvMode::Replace);
  /// The secret file `name` holds exactly `value` afterwards.
  Result<void> set_secret(std::string_view name, std::span<const std::byte> value);

  // What follows needs a daemon of protocol 2; an older one refuses it, and the error says so.

  Result<Applied> apply(const Change& change);
  /// Both are `apply`, which an older daemon refuses: it would ignore the `if_match` of the requests above.
  Result<Applied> set_env(const Env& env, EnvMode mode, std::string_view if_match);
  Result<Applied> set_secret(std::string_view name, std::span<const std::byte> value, std::string_view if_match);
  /// A secret that is not there is no error: `changed` is false.
  Result<Applied> delete_secret(std::string_view name, std::optional<std::string_view> if_match = {});
  /// Empties env and removes all secrets, whose bytes are overwritten before the answer. The epoch stays.
  Result<Applied> wipe(std::optional<std::string_view> if_match = {});
  Result<Stat> stat();
  Result<Info> info();

  /// False once the connection was closed for good, and after a move from here.
  [[nodiscard]] bool usable() const noexcept;

 private:
  struct Impl;
  explicit Client(std::unique_ptr<Impl> impl) noexcept;
  std::unique_ptr<Impl> impl_;
};

}  // namespace microvm::metadata
