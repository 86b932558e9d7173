// One operation: plan, connect where need be, exchange, and what is known when that fails.
#include "host/fcapi/client.h"

#include <fmt/format.h>
#include <sys/socket.h>

#include <algorithm>
#include <charconv>

#include "common/base/printable.h"
#include "host/fcapi/faults.h"
#include "host/fcapi/socket.h"
#include "host/fcapi/traps.h"

namespace microvm::fcapi {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds kVcpuPatience = 35s;  // the VMM itself waits 30 s for each vCPU
constexpr std::chrono::milliseconds kPerMib = 16ms;       // a disk of 64 MiB/s
constexpr std::chrono::hours kLongest{24 * 365};          // times may be added without an overflow
constexpr std::uint64_t kMaxMib = 1 << 24;
constexpr std::chrono::nanoseconds kDeathPatience = 100ms;  // its sockets are closed before its pidfd says so

std::chrono::milliseconds time_for(Pace pace, std::chrono::milliseconds quick, std::uint64_t mem_size_mib) {
  if (pace == Pace::Quick) return quick;
  return std::max(quick, kVcpuPatience) + kPerMib * std::min(mem_size_mib, kMaxMib);
}

pid_t listener_of(const UniqueFd& stream) noexcept {
  ucred peer{};
  socklen_t size = sizeof peer;
  return ::getsockopt(stream.get(), SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 ? peer.pid : 0;
}

}  // namespace

std::optional<Version> parse_version(std::string_view text) {
  if (text.starts_with('v')) text.remove_prefix(1);
  Version version;
  const char* const end = text.data() + text.size();
  for (unsigned* const part : {&version.major, &version.minor, &version.patch}) {
    const auto [rest, error] = std::from_chars(text.data(), end, *part);
    if (error != std::errc()) return std::nullopt;
    text = {rest, end};
    if (part == &version.patch) break;
    if (!text.starts_with('.')) return std::nullopt;
    text.remove_prefix(1);
  }
  return text.empty() || text.starts_with('-') ? std::optional(version) : std::nullopt;
}

Result<Client> Client::connect(const std::string& socket_path, Vmm vmm, const Options& options) {
  Options bounded = options;
  for (auto* const time : {&bounded.connect_timeout, &bounded.timeout, &bounded.state_timeout})
    *time = std::min<std::chrono::milliseconds>(*time, kLongest);
  auto impl = std::make_unique<Impl>(socket_path, std::move(vmm), bounded);
  if (auto opened = impl->open(); !opened) return std::unexpected(std::move(opened.error()));
  return Client(std::move(impl));
}

Client::Client(std::unique_ptr<Impl> impl) noexcept : impl_(std::move(impl)) {}
Client::Client(Client&&) noexcept = default;
Client& Client::operator=(Client&&) noexcept = default;
Client::~Client() = default;
Version Client::version() const noexcept { return impl_->version(); }
std::vector<Warning> Client::take_warnings() { return impl_->take_warnings(); }

Deadline Client::Impl::until(std::chrono::milliseconds time) const noexcept {
  return Deadline::after(time).earlier(Deadline::at(options_.deadline));
}

Result<void> Client::Impl::open() {
  constexpr const Route& kRoute = route("GET /version");
  const Request request{&kRoute, std::string(kRoute.text), {}};
  const auto text = perform(request, until(options_.connect_timeout));
  vmm_.watch = -1;
  if (!text) return std::unexpected(text.error());
  const auto body = read_body<FirecrackerVersion>(*text);
  if (!body) return std::unexpected(about(kRoute.text, body.error()));
  const auto version = parse_version(body->firecracker_version);
  if (!version) {
    const std::string shown = printable(body->firecracker_version, 64);
    return std::unexpected(Error{ErrorCode::BadReply, 0, fmt::format("{}: \"{}\" is no version", kRoute.text, shown)});
  }
  version_ = *version;
  return {};
}

Result<std::string> Client::Impl::run(Result<Request> request, std::uint64_t mem_size_mib) {
  if (!request) return std::unexpected(std::move(request.error()));
  for (Warning& warning : warnings_of(*request, version_)) warn(std::move(warning));
  return perform(*request, until(time_for(request->route->pace, options_.timeout, mem_size_mib)));
}

Result<std::string> Client::Impl::perform(const Request& request, Deadline deadline) {
  if (!connection_.is_fresh()) {
    if (auto connected = connect(deadline); !connected) return std::unexpected(about(request.line, connected.error()));
  }
  auto reply = connection_.exchange(request.bytes(), deadline);
  if (!reply) return std::unexpected(unknown_outcome(request, std::move(reply.error())));
  if (reply->is_deprecated) warn({"deprecated", request.line + ": the VMM calls something in it deprecated"});
  if (reply->status != 200 && reply->status != 204) return std::unexpected(about(request.line, fault_of(*reply)));
  return std::move(reply->body);
}

// Another process behind the same path is another VMM, of which nothing is known.
Result<void> Client::Impl::connect(Deadline deadline) {
  auto stream = open_socket(path_, vmm_, watch_, deadline);
  if (!stream) return std::unexpected(std::move(stream.error()));
  const pid_t listener = listener_of(*stream);
  if (peer_ != 0 && listener != peer_)
    return std::unexpected(Error{ErrorCode::VmmDied, 0, "another process serves its socket now"});
  peer_ = listener;
  connection_ = Connection(std::move(*stream));
  return {};
}

Error Client::Impl::unknown_outcome(const Request& request, Error error) {
  if (error.code == ErrorCode::ConnectionLost && has_died(vmm_, Deadline::after(kDeathPatience))) {
    return about(request.line, died(vmm_));
  }
  if (!request.route->is_get()) {
    error.vm_state = ask_state();
    error.message += error.vm_state.empty() ? "; the state of the microVM is unknown"
                                            : fmt::format("; the microVM's state is \"{}\"", error.vm_state);
  }
  return about(request.line, std::move(error));
}

// On a connection of its own: what may still come on the other one answers another question.
std::string Client::Impl::ask_state() {
  constexpr const Route& kRoute = route("GET /");
  const Deadline deadline = until(options_.state_timeout);
  const Request request{&kRoute, std::string(kRoute.text), {}};
  if (!connect(deadline)) return {};
  const auto reply = connection_.exchange(request.bytes(), deadline);
  const auto info = reply ? read_body<InstanceInfo>(reply->body) : std::unexpected(reply.error());
  if (!info) return {};
  return std::string(state_name(info->state));
}

void Client::Impl::warn(Warning warning) {
  if (std::ranges::find(warnings_, warning.code, &Warning::code) == warnings_.end())
    warnings_.push_back(std::move(warning));
}

}  // namespace microvm::fcapi
