// The client of the metadata daemon: requests over one channel, dialled once more where the caller allows it.
#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <utility>

#include "common/base/printable.h"
#include "common/wire/base64.h"
#include "common/wire/reply.h"
#include "host/metadata/channel.h"
#include "host/metadata/request.h"
#include "host/metadata/reveals.h"
#include "host/vsock/dial.h"
#include "microvm/metadata.h"

namespace microvm::metadata {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kMaxReason = 512;
// A shorter env value is found in a reason by chance.
constexpr std::size_t kShortestQuote = 8;

// All ids have one size, so that a request that fits once fits always.
std::string request_id(std::uint64_t number) { return fmt::format("{:016x}", number); }

// Ten years are for ever; what the clock cannot hold is cut to that.
Deadline after(std::chrono::milliseconds timeout, const Options& options) {
  return Deadline::after(std::min<std::chrono::milliseconds>(timeout, 24h * 3650))
      .earlier(Deadline::at(options.deadline));
}

struct Request {
  std::string_view op;
  std::function<Result<void>(Bytes& line, std::string_view id)> write;
  /// Whether the guest's reason quotes a value.
  std::function<bool(std::string_view reason)> quotes;
};

Error rejected(const Request& request, std::string_view reason) {
  reason = reason.substr(0, 4 * kMaxReason);
  return {ErrorCode::Rejected, 0,
          request.quotes(reason) ? "the guest refused it; its reason quotes a value and is not shown"
                                 : "the guest refused it: " + printable(reason, kMaxReason)};
}

}  // namespace

struct Client::Impl {
  Endpoint endpoint;
  Options options;
  Channel channel{};
  std::uint64_t last_id = 0;

  Result<void> dial(Deadline deadline);
  Result<void> call(const Request& request);
  Result<void> call_once(const Request& request, Deadline deadline);
  Result<void> transact(const Request& request, std::string_view id, std::string_view line, Deadline deadline);
};

Result<void> Client::Impl::dial(Deadline deadline) {
  auto stream = vsock::dial(endpoint.uds_path, endpoint.port, deadline);
  if (!stream) return std::unexpected(std::move(stream.error()));
  channel = Channel(std::move(*stream));
  return {};
}

Result<void> Client::Impl::call(const Request& request) {
  const Deadline deadline = after(options.request_timeout, options);
  const bool resend = options.resend_if_lost && channel.usable();
  auto result = call_once(request, deadline);
  if (result || result.error().code != ErrorCode::ConnectionLost || !resend) return result;
  if (auto dialled = dial(deadline); !dialled) {
    result.error().message += "; dialled anew: " + dialled.error().message;
    return result;
  }
  return call_once(request, deadline);
}

Result<void> Client::Impl::call_once(const Request& request, Deadline deadline) {
  Bytes line;
  const std::string id = request_id(++last_id);
  if (auto written = request.write(line, id); !written) return written;
  auto result = transact(request, id, line.view(), deadline);
  if (!result) {
    std::string& message = result.error().message;
    message = fmt::format("{} through vsock socket {}, guest port {}: {}", request.op,
                          printable(endpoint.uds_path, endpoint.uds_path.size()), endpoint.port, message);
  }
  return result;
}

Result<void> Client::Impl::transact(const Request& request, std::string_view id, std::string_view line,
                                    Deadline deadline) {
  const auto text = channel.exchange(line, deadline);
  if (!text) return std::unexpected(text.error());
  const auto reply = wire::parse_reply(*text);
  if (!reply) {
    channel.close();
    return std::unexpected(Error{ErrorCode::BadReply, 0, "the guest's reply is " + reply.error()});
  }
  // A daemon that could not read the id of a request refuses it with an empty one.
  if (reply->id != id && (reply->ok || !reply->id.empty())) {
    channel.close();
    return std::unexpected(Error{ErrorCode::IdMismatch, 0, "the guest's reply has the id of another request"});
  }
  if (!reply->ok) return std::unexpected(rejected(request, reply->error));
  return {};
}

Client::Client(std::unique_ptr<Impl> impl) noexcept : impl_(std::move(impl)) {}
Client::Client(Client&&) noexcept = default;
Client& Client::operator=(Client&&) noexcept = default;
Client::~Client() = default;

Result<Client> Client::connect(const Endpoint& endpoint, const Options& options) {
  auto impl = std::make_unique<Impl>(Impl{.endpoint = endpoint, .options = options});
  if (auto dialled = impl->dial(after(options.connect_timeout, options)); !dialled) {
    return std::unexpected(std::move(dialled.error()));
  }
  return Client(std::move(impl));
}

bool Client::usable() const noexcept { return impl_ && impl_->channel.usable(); }

Result<void> Client::ping() {
  return impl_->call({.op = "ping", .write = write_ping, .quotes = [](std::string_view) { return false; }});
}

Result<void> Client::set_env(const Env& env, EnvMode mode) {
  return impl_->call({
      .op = "set_env",
      .write = [&](Bytes& line, std::string_view id) { return write_set_env(line, id, env, mode); },
      // Whole values only: env values are often paths, which a reason may share a part of.
      .quotes =
          [&](std::string_view reason) {
            return std::ranges::any_of(env, [&](const auto& entry) {
              return entry.second.size() >= kShortestQuote && reason.contains(entry.second);
            });
          },
  });
}

Result<void> Client::set_secret(std::string_view name, std::span<const std::byte> value) {
  const std::string_view secret = text_of(value);
  return impl_->call({
      .op = "set_secret",
      .write = [&](Bytes& line, std::string_view id) { return write_set_secret(line, id, name, secret); },
      .quotes =
          [&](std::string_view reason) {
            Bytes base64;
            return !wire::append_base64(base64, secret) || reveals(reason, secret) || reveals(reason, base64.view());
          },
  });
}

Result<void> check_env(const Env& env, EnvMode mode) {
  Bytes line;
  return write_set_env(line, request_id(0), env, mode);
}

Result<void> check_secret(std::string_view name, std::span<const std::byte> value) {
  Bytes line;
  return write_set_secret(line, request_id(0), name, text_of(value));
}

}  // namespace microvm::metadata
