// Hands a running guest its environment and secrets: the client of microvm-guest-metadatad.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "microvm/error.h"

namespace microvm::metadata {

/// Where the daemon of one VM is reached.
struct Endpoint {
  std::string uds_path;       ///< the VM's vsock socket (`uds_path` of Firecracker's vsock device)
  std::uint32_t port = 5555;  ///< the daemon's vsock port in the guest
};

enum class EnvMode {
  Replace,  ///< the env file becomes exactly the given entries; an empty value emits no line
  Merge,    ///< the given entries are laid over the present ones; an empty value deletes its key
};

using Env = std::map<std::string, std::string>;

/// The daemon takes no longer request line (newline included); one that would be longer is Invalid and not sent.
/// A secret counts as base64 there: 786,000 bytes fit under any name.
inline constexpr std::size_t kMaxRequestBytes = 1024 * 1024;

struct Options {
  /// Bounds all of connect(): waiting for the socket, the VMM and the daemon, and the handshake.
  std::chrono::milliseconds connect_timeout{10'000};
  /// Bounds one request: sending it and reading its reply.
  std::chrono::milliseconds request_timeout{5'000};
  /// Bounds everything the client ever does, whatever the two timeouts say.
  std::chrono::steady_clock::time_point deadline = std::chrono::steady_clock::time_point::max();
  /// When the connection is lost during a request: dial anew and send it once more, within `request_timeout`. All
  /// three requests are idempotent, but another writer may have come between.
  bool resend_if_lost = false;
};

/// What set_env and set_secret refuse as Invalid, for callers that want to know before they connect: keys, values and
/// names by the daemon's own rules, values that are not UTF-8, and a request over kMaxRequestBytes.
Result<void> check_env(const Env& env, EnvMode mode = EnvMode::Replace);
Result<void> check_secret(std::string_view name, std::span<const std::byte> value);

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

  /// False once the connection was closed for good, and after a move from here.
  [[nodiscard]] bool usable() const noexcept;

 private:
  struct Impl;
  explicit Client(std::unique_ptr<Impl> impl) noexcept;
  std::unique_ptr<Impl> impl_;
};

}  // namespace microvm::metadata
