#include "host/vm/metadata_push.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>

#include "common/base/printable.h"
#include "common/posix/retry.h"
#include "common/posix/unix_address.h"
#include "host/vm/files.h"
#include "host/vm/patience.h"
#include "microvm/dotenv.h"

namespace microvm::vm {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds kRequestPatience = 10s;
constexpr std::size_t kMaxNotice = 4096;

// Into memory that is wiped; a file that a request cannot hold is not read to its end.
Result<Secret> read_secret(const std::string& path) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) return io_error(path, "open");
  Secret value(metadata::kMaxRequestBytes + 1);
  std::size_t size = 0;
  while (size < value.size()) {
    const ssize_t n = posix::retry([&] { return ::read(fd.get(), value.data() + size, value.size() - size); });
    if (n < 0) return io_error(path, "read");
    if (n == 0) break;
    size += static_cast<std::size_t>(n);
  }
  value.resize(size);
  return value;
}

Result<metadata::Env> gather_env(const MetadataSpec& spec) {
  metadata::Env env;
  for (const std::string& path : spec.env_files) {
    const auto text = read_file(path, metadata::kMaxRequestBytes);
    if (!text) return std::unexpected(text.error());
    auto read = metadata::parse_dotenv(*text);
    if (!read) return std::unexpected(Error{ErrorCode::Invalid, 0, fmt::format("{}: {}", path, read.error().message)});
    for (auto& [key, value] : *read) env.insert_or_assign(key, std::move(value));
  }
  for (const auto& [key, value] : spec.env) env.insert_or_assign(key, value);
  return env;
}

// Readable when the VMM ends or its monitor has something to say about the guest. (Not a watch of the file with the
// notice: to close such a watch takes the kernel 20 ms.)
class EndWatch {
 public:
  static Result<EndWatch> make(const Seen& vm) {
    EndWatch watch;
    watch.all_ = UniqueFd(::epoll_create1(EPOLL_CLOEXEC));
    if (!watch.all_.valid() || !watch.add(vm.vmm->pidfd)) return io_error(vm.layout.run, "watch");
    watch.notices_ = ask_for_notices(vm.layout.monitor_socket());
    // Without a monitor the VMM's end is all there is to see.
    if (watch.notices_.valid()) (void)watch.add(watch.notices_);
    return watch;
  }
  [[nodiscard]] int fd() const noexcept { return all_.get(); }
  /// The monitor has said something that is no reason to end, or has died.
  void forget_notices() { notices_.reset(); }

 private:
  bool add(const UniqueFd& fd) {
    epoll_event readable{.events = EPOLLIN, .data = {}};
    return ::epoll_ctl(all_.get(), EPOLL_CTL_ADD, fd.get(), &readable) == 0;
  }
  static UniqueFd ask_for_notices(const std::string& path) {
    constexpr std::string_view kRequest = "notices\n";
    const auto address = posix::unix_address(path);
    UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    const bool is_asked =
        address && fd.valid() &&
        ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&*address), sizeof *address) == 0 &&
        ::send(fd.get(), kRequest.data(), kRequest.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(kRequest.size());
    return is_asked ? std::move(fd) : UniqueFd();
  }

  UniqueFd notices_, all_;
};

std::string notice_of(const Layout& layout) {
  auto text = read_file(layout.notice(), kMaxNotice);
  if (!text) return {};
  while (text->ends_with('\n')) text->pop_back();
  return printable(*text, 512);
}

// Empty while nothing speaks against waiting on.
std::string why_over(const Seen& vm) {
  if (wait_for_end(vm.vmm->pidfd.get(), Deadline::after(0ns))) {
    const auto exit = await_exit(vm.layout, Deadline::after(kExitPatience));
    if (!exit) return "the VMM has ended";
    return fmt::format("the VMM has ended ({}){}{}", reason_name(exit->reason), exit->detail.empty() ? "" : ": ",
                       exit->detail);
  }
  const std::string notice = notice_of(vm.layout);
  return notice.empty() ? "" : "the guest gave up: " + notice;
}

Result<metadata::Client> reach(const Seen& vm, Deadline deadline) {
  auto watch = EndWatch::make(vm);
  if (!watch) return std::unexpected(std::move(watch.error()));
  for (;;) {
    // What came before the watch was made is seen here.
    if (const std::string why = why_over(vm); !why.empty()) return std::unexpected(Error{ErrorCode::VmmDied, 0, why});
    auto client =
        metadata::Client::connect({.uds_path = vm.record.vsock_socket, .port = vm.record.metadata_port},
                                  {.connect_timeout = std::chrono::ceil<std::chrono::milliseconds>(deadline.left()),
                                   .request_timeout = kRequestPatience,
                                   .deadline = deadline.when(),
                                   .resend_if_lost = true,
                                   .end_fd = watch->fd()});
    if (client || client.error().code != ErrorCode::VmmDied) return client;
    watch->forget_notices();
  }
}

bool speaks_protocol_1(const Error& error) { return error.code == ErrorCode::Rejected && error.guest_code.empty(); }

Result<void> hand_over(metadata::Client& client, const metadata::Change& change) {
  if (!change.env && change.secrets.empty()) return client.ping();
  const auto applied = client.apply(change);
  if (applied) return {};
  if (!speaks_protocol_1(applied.error())) return std::unexpected(applied.error());
  for (const auto& [name, value] : change.secrets)
    if (auto set = client.set_secret(name, value); !set) return set;
  return change.env ? client.set_env(*change.env) : Result<void>();
}

}  // namespace

Result<metadata::Change> gather(const MetadataSpec& spec) {
  metadata::Change change;
  if (!spec.env.empty() || !spec.env_files.empty()) {
    auto env = gather_env(spec);
    if (!env) return std::unexpected(std::move(env.error()));
    change.env = std::move(*env);
  }
  for (const auto& [name, path] : spec.secrets) {
    auto value = read_secret(path);
    if (!value) return std::unexpected(std::move(value.error()));
    change.secrets.insert_or_assign(name, std::move(*value));
  }
  if (auto good = metadata::check_change(change); !good) return std::unexpected(std::move(good.error()));
  return change;
}

Result<PushTimes> push(const Seen& vm, const metadata::Change& change, Deadline deadline) {
  const auto begin = Clock::now();
  auto client = reach(vm, deadline);
  if (!client) return std::unexpected(std::move(client.error()));
  PushTimes times{.guest_daemon = since(begin)};
  if (auto handed = hand_over(*client, change); !handed) {
    const std::string why = why_over(vm);
    if (!why.empty()) return std::unexpected(Error{ErrorCode::VmmDied, 0, why});
    return std::unexpected(std::move(handed.error()));
  }
  times.metadata = since(begin) - times.guest_daemon;
  return times;
}

}  // namespace microvm::vm
