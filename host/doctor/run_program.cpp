#include "host/doctor/run_program.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <system_error>

#include "common/base/deadline.h"
#include "common/base/unique_fd.h"
#include "common/posix/retry.h"

namespace microvm::doctor {
namespace {

constexpr std::size_t kMaxOutput = 4096;

Error io_error(int number) { return {ErrorCode::Io, number, std::generic_category().message(number)}; }

// Standard output goes to `out`, the rest to nowhere; signals are as in a new process.
int spawn(const std::string& path, int out, pid_t& child) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawnattr_init(&attributes);
  ::posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDWR, 0);
  ::posix_spawn_file_actions_adddup2(&actions, out, 1);
  ::posix_spawn_file_actions_adddup2(&actions, 0, 2);
  sigset_t none, all;
  ::sigemptyset(&none);
  ::sigfillset(&all);
  ::posix_spawnattr_setsigmask(&attributes, &none);
  ::posix_spawnattr_setsigdefault(&attributes, &all);
  // A group of its own: whatever it starts ends with it.
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
  std::array<char, 16> flag{};
  std::strcpy(flag.data(), "--version");
  std::string name = path;
  char* const arguments[] = {name.data(), flag.data(), nullptr};
  char* const environment[] = {nullptr};
  const int error = ::posix_spawn(&child, path.c_str(), &actions, &attributes, arguments, environment);
  ::posix_spawn_file_actions_destroy(&actions);
  ::posix_spawnattr_destroy(&attributes);
  return error;
}

// Until its end, or enough of it; false when the time is over first.
bool drain(int from, std::string& output, Deadline deadline) {
  std::array<char, kMaxOutput> part{};
  while (output.size() < kMaxOutput) {
    pollfd ready{from, POLLIN, 0};
    if (posix::retry([&] { return ::poll(&ready, 1, deadline.poll_ms()); }) <= 0) return false;
    const ssize_t n = posix::retry([&] { return ::read(from, part.data(), kMaxOutput - output.size()); });
    if (n <= 0) return true;
    output.append(part.data(), static_cast<std::size_t>(n));
  }
  return true;
}

bool has_ended(pid_t child, Deadline deadline) {
  const UniqueFd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, child, 0)));
  pollfd ended{pidfd.get(), POLLIN, 0};
  return pidfd.valid() && posix::retry([&] { return ::poll(&ended, 1, deadline.poll_ms()); }) > 0;
}

}  // namespace

Result<std::string> ask_version(const std::string& path, std::chrono::milliseconds timeout) {
  const Deadline deadline = Deadline::after(timeout);
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return std::unexpected(io_error(errno));
  const UniqueFd from(ends[0]);
  UniqueFd to(ends[1]);
  pid_t child = -1;
  if (const int error = spawn(path, to.get(), child); error != 0) return std::unexpected(io_error(error));
  to.reset();

  std::string output;
  // One that writes without end is not waited for.
  const bool in_time =
      drain(from.get(), output, deadline) && (output.size() == kMaxOutput || has_ended(child, deadline));
  ::kill(-child, SIGKILL);
  int status = 0;
  posix::retry([&] { return ::waitpid(child, &status, 0); });
  if (!in_time) {
    return std::unexpected(Error{ErrorCode::ReplyTimeout, 0, fmt::format("no answer in {} ms", timeout.count())});
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return output;
  const std::string how =
      WIFEXITED(status) ? fmt::format("exit code {}", WEXITSTATUS(status)) : fmt::format("signal {}", WTERMSIG(status));
  return std::unexpected(Error{ErrorCode::Rejected, 0, how});
}

}  // namespace microvm::doctor
