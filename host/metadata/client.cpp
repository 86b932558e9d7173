// The client of the metadata daemon: requests over one channel, dialled once more where the caller allows it.
#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <utility>

#include "common/base/printable.h"
#include "common/wire/base64.h"
#include "common/wire/limits.h"
#include "common/wire/reply.h"
#include "host/metadata/channel.h"
#include "host/metadata/reports.h"
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
  std::function<bool(std::string_view reason)> quotes = [](std::string_view) { return false; };
  int protocol = 1;  ///< the first that has it
  bool repeatable = true;
  std::size_t reply_limit = wire::kMaxReplyLine;
};

// The name of a reason, not text for a terminal.
bool is_code(std::string_view code) {
  return code.size() <= 32 && std::ranges::all_of(code, [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; });
}

Error rejected(const Request& request, const wire::Reply& reply) {
  const std::string_view reason = std::string_view(reply.error).substr(0, 4 * kMaxReason);
  Error error{ErrorCode::Rejected, 0, "the guest refused it: " + printable(reason, kMaxReason)};
  if (is_code(reply.code) && !request.quotes(reply.code)) error.guest_code = reply.code;
  if (request.quotes(reason)) {
    error.message = "the guest refused it; its reason quotes a value and is not shown";
  } else if (request.protocol > 1 && reply.code.empty() && reason.starts_with("invalid request json: ")) {
    error.message += fmt::format(" (the daemon speaks protocol 1, which has no {})", request.op);
  }
  return error;
}

// Whole values only: env values are often paths, which a reason may share a part of.
bool quotes_env(const Env& env, std::string_view reason) {
  return std::ranges::any_of(
      env, [&](const auto& entry) { return entry.second.size() >= kShortestQuote && reason.contains(entry.second); });
}

bool quotes_secret(std::string_view secret, std::string_view reason) {
  Bytes base64;
  return !wire::append_base64(base64, secret) || reveals(reason, secret) || reveals(reason, base64.view());
}

bool quotes_change(const Change& change, std::string_view reason) {
  return (change.env && quotes_env(*change.env, reason)) ||
         std::ranges::any_of(change.secrets,
                             [&](const auto& secret) { return quotes_secret(text_of(secret.second), reason); });
}

auto bare(std::string_view op, IfMatch if_match = {}) {
  return [=](Bytes& line, std::string_view id) { return write_bare(line, op, id, if_match); };
}

Result<void> done(const Result<wire::Reply>& reply) { return reply ? Result<void>() : std::unexpected(reply.error()); }

}  // namespace

struct Client::Impl {
  Endpoint endpoint;
  Options options;
  Channel channel{};
  std::uint64_t last_id = 0;

  Result<void> dial(Deadline deadline);
  Result<wire::Reply> call(const Request& request);
  /// What the reply tells beyond ok.
  template <class T>
  Result<T> call(const Request& request, Read<T> (*read)(const wire::Json&));

 private:
  Result<wire::Reply> call_once(const Request& request, Deadline deadline);
  Result<wire::Reply> transact(const Request& request, std::string_view id, std::string_view line, Deadline deadline);
  [[nodiscard]] std::unexpected<Error> fail(const Request& request, Error error) const;
  std::unexpected<Error> bad_reply(std::string_view what);
};

Result<void> Client::Impl::dial(Deadline deadline) {
  auto stream = vsock::dial(endpoint.uds_path, endpoint.port, deadline, options.end_fd);
  if (!stream) return std::unexpected(std::move(stream.error()));
  channel = Channel(std::move(*stream));
  return {};
}

Result<wire::Reply> Client::Impl::call(const Request& request) {
  const Deadline deadline = after(options.request_timeout, options);
  const bool resend = options.resend_if_lost && request.repeatable && channel.usable();
  auto result = call_once(request, deadline);
  if (result || result.error().code != ErrorCode::ConnectionLost || !resend) return result;
  if (auto dialled = dial(deadline); !dialled) {
    result.error().message += "; dialled anew: " + dialled.error().message;
    return result;
  }
  return call_once(request, deadline);
}

template <class T>
Result<T> Client::Impl::call(const Request& request, Read<T> (*read)(const wire::Json&)) {
  const auto reply = call(request);
  if (!reply) return std::unexpected(reply.error());
  auto value = read(reply->fields);
  if (!value) return fail(request, bad_reply(value.error()).error());
  return std::move(*value);
}

Result<wire::Reply> Client::Impl::call_once(const Request& request, Deadline deadline) {
  Bytes line;
  const std::string id = request_id(++last_id);
  if (auto written = request.write(line, id); !written) return std::unexpected(std::move(written.error()));
  auto reply = transact(request, id, line.view(), deadline);
  return reply ? std::move(reply) : fail(request, std::move(reply.error()));
}

Result<wire::Reply> Client::Impl::transact(const Request& request, std::string_view id, std::string_view line,
                                           Deadline deadline) {
  const auto text = channel.exchange(line, request.reply_limit, deadline);
  if (!text) return std::unexpected(text.error());
  auto reply = wire::parse_reply(*text);
  if (!reply) return bad_reply(reply.error());
  // A daemon that could not read the id of a request refuses it with an empty one.
  if (reply->id != id && (reply->ok || !reply->id.empty())) {
    channel.close();
    return std::unexpected(Error{ErrorCode::IdMismatch, 0, "the guest's reply has the id of another request"});
  }
  if (!reply->ok) return std::unexpected(rejected(request, *reply));
  return std::move(*reply);
}

std::unexpected<Error> Client::Impl::fail(const Request& request, Error error) const {
  error.message = fmt::format("{} through vsock socket {}, guest port {}: {}", request.op,
                              printable(endpoint.uds_path, endpoint.uds_path.size()), endpoint.port, error.message);
  return std::unexpected(std::move(error));
}

std::unexpected<Error> Client::Impl::bad_reply(std::string_view what) {
  channel.close();
  return std::unexpected(Error{ErrorCode::BadReply, 0, fmt::format("the guest's reply is {}", what)});
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

Result<void> Client::ping() { return done(impl_->call({.op = "ping", .write = bare("ping")})); }

Result<void> Client::set_env(const Env& env, EnvMode mode) {
  return done(impl_->call({
      .op = "set_env",
      .write = [&](Bytes& line, std::string_view id) { return write_set_env(line, id, env, mode); },
      .quotes = [&](std::string_view reason) { return quotes_env(env, reason); },
  }));
}

Result<void> Client::set_secret(std::string_view name, std::span<const std::byte> value) {
  const std::string_view secret = text_of(value);
  return done(impl_->call({
      .op = "set_secret",
      .write = [&](Bytes& line, std::string_view id) { return write_set_secret(line, id, name, secret); },
      .quotes = [&](std::string_view reason) { return quotes_secret(secret, reason); },
  }));
}

Result<Applied> Client::apply(const Change& change) {
  return impl_->call({
                         .op = "apply",
                         .write = [&](Bytes& line, std::string_view id) { return write_apply(line, id, change); },
                         .quotes = [&](std::string_view reason) { return quotes_change(change, reason); },
                         .protocol = 2,
                         .repeatable = !change.if_match,
                     },
                     read_applied);
}

Result<Applied> Client::set_env(const Env& env, EnvMode mode, std::string_view if_match) {
  return apply({.env = env, .env_mode = mode, .if_match = std::string(if_match)});
}

Result<Applied> Client::set_secret(std::string_view name, std::span<const std::byte> value, std::string_view if_match) {
  Change change{.if_match = std::string(if_match)};
  change.secrets.try_emplace(std::string(name), value.begin(), value.end());
  return apply(change);
}

Result<Applied> Client::delete_secret(std::string_view name, std::optional<std::string_view> if_match) {
  return impl_->call(
      {
          .op = "delete_secret",
          .write = [&](Bytes& line, std::string_view id) { return write_delete_secret(line, id, name, if_match); },
          .protocol = 2,
          .repeatable = !if_match,
      },
      read_applied);
}

Result<Applied> Client::wipe(std::optional<std::string_view> if_match) {
  return impl_->call({.op = "wipe", .write = bare("wipe", if_match), .protocol = 2, .repeatable = !if_match},
                     read_applied);
}

Result<Stat> Client::stat() {
  return impl_->call({.op = "stat", .write = bare("stat"), .protocol = 2, .reply_limit = wire::kMaxStatReply},
                     read_stat);
}

Result<Info> Client::info() { return impl_->call({.op = "info", .write = bare("info"), .protocol = 2}, read_info); }

Result<void> check_env(const Env& env, EnvMode mode) {
  Bytes line;
  return write_set_env(line, request_id(0), env, mode);
}

Result<void> check_secret(std::string_view name, std::span<const std::byte> value) {
  Bytes line;
  return write_set_secret(line, request_id(0), name, text_of(value));
}

Result<void> check_change(const Change& change) {
  Bytes line;
  return write_apply(line, request_id(0), change);
}

}  // namespace microvm::metadata
