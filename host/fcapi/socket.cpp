// Waiting without coarse sleeps: a fresh socket is met within microseconds, a stale one does not keep a core busy.
#include "host/fcapi/socket.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/inotify.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <ctime>
#include <system_error>

#include "common/base/printable.h"
#include "common/posix/unix_address.h"

namespace microvm::fcapi {
namespace {

using namespace std::chrono_literals;

// Between bind and listen the VMM refuses: about once in each start, for some microseconds.
constexpr std::chrono::nanoseconds kFirstPause = 20us, kLongestPause = 5ms;
// An event may be missed when the folder is replaced.
constexpr std::chrono::nanoseconds kLongestWait = 50ms;
constexpr std::size_t kMaxOutput = 2048;

std::unexpected<Error> fail(ErrorCode code, int number) {
  return std::unexpected(Error{code, number, std::generic_category().message(number)});
}

std::string folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == path.npos) return ".";
  return path.substr(0, std::max<std::size_t>(slash, 1));
}

Result<UniqueFd> connect_once(std::string_view path) {
  const auto address = posix::unix_address(path);
  if (!address) return fail(ErrorCode::Invalid, ENAMETOOLONG);
  UniqueFd stream(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!stream.valid()) return fail(ErrorCode::Io, errno);
  if (::connect(stream.get(), reinterpret_cast<const sockaddr*>(&*address), sizeof *address) == 0) return stream;
  const int number = errno;
  if (number == ENOENT || number == ENOTDIR) return fail(ErrorCode::SocketMissing, number);
  // EAGAIN: its backlog is full.
  const bool not_yet = number == ECONNREFUSED || number == EAGAIN || number == EINTR;
  return fail(not_yet ? ErrorCode::Refused : ErrorCode::Io, number);
}

Result<UniqueFd> connect_anywhere(const std::string& path) {
  if (path.size() <= posix::kMaxSocketPath) return connect_once(path);
  const UniqueFd folder(::open(folder_of(path).c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!folder.valid()) return fail(errno == ENOENT ? ErrorCode::SocketMissing : ErrorCode::Io, errno);
  return connect_once(fmt::format("/proc/self/fd/{}/{}", folder.get(), path.substr(path.rfind('/') + 1)));
}

// Until the process ends, `events` is readable (where it is a descriptor), or the time is over.
void wait(const Vmm& vmm, int events, std::chrono::nanoseconds time) {
  std::array<pollfd, 2> fds{pollfd{.fd = vmm.pidfd, .events = POLLIN, .revents = 0},
                            pollfd{.fd = events, .events = POLLIN, .revents = 0}};
  const timespec left{.tv_sec = time / 1s, .tv_nsec = (time % 1s).count()};
  ::ppoll(fds.data(), fds.size(), &left, nullptr);
  std::array<char, 4096> seen;
  if ((fds[1].revents & POLLIN) != 0)
    while (::read(events, seen.data(), seen.size()) > 0) continue;
}

// True when the watch is new: what came before it was not seen.
bool start_watch(UniqueFd& watch, const std::string& folder) {
  if (watch.valid()) return false;
  watch.reset(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  if (watch.valid() && ::inotify_add_watch(watch.get(), folder.c_str(), IN_CREATE | IN_MOVED_TO) >= 0) return true;
  watch.reset();
  return false;
}

}  // namespace

bool has_died(const Vmm& vmm, Deadline deadline) {
  if (vmm.pidfd < 0) return false;
  pollfd end{.fd = vmm.pidfd, .events = POLLIN, .revents = 0};
  for (;;) {
    if (::poll(&end, 1, deadline.poll_ms()) > 0) return true;
    if (deadline.passed()) return false;
  }
}

Error died(const Vmm& vmm) {
  std::string output = vmm.last_output ? vmm.last_output() : "";
  if (output.size() > kMaxOutput) output.erase(0, output.size() - kMaxOutput);
  while (output.ends_with('\n')) output.pop_back();
  std::string message = "the VMM's process has ended";
  if (!output.empty()) message += "; its output ends in: " + printable(output, kMaxOutput);
  return Error{ErrorCode::VmmDied, 0, std::move(message)};
}

Result<UniqueFd> open_socket(const std::string& path, const Vmm& vmm, UniqueFd& watch, Deadline deadline) {
  const std::string folder = folder_of(path);
  auto pause = kFirstPause;
  for (;;) {
    auto stream = connect_anywhere(path);
    if (stream) return stream;
    Error& error = stream.error();
    const bool is_missing = error.code == ErrorCode::SocketMissing;
    const bool is_hopeless = !is_missing && error.code != ErrorCode::Refused;
    if (!is_hopeless && has_died(vmm, Deadline::after(0ns))) return std::unexpected(died(vmm));
    if (is_hopeless || deadline.passed()) {
      error.message = fmt::format("socket {}: {}", printable(path, path.size()), error.message);
      return std::unexpected(std::move(error));
    }
    if (is_missing && vmm.watch < 0 && start_watch(watch, folder)) continue;
    const int watched = vmm.watch >= 0 ? vmm.watch : watch.get();
    const bool is_watched = is_missing && watched >= 0;
    wait(vmm, is_watched ? watched : -1, std::min(is_watched ? kLongestWait : pause, deadline.left()));
    if (!is_watched) pause = std::min(2 * pause, kLongestPause);
  }
}

}  // namespace microvm::fcapi
