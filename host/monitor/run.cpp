#include "host/monitor/run.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "common/posix/dead_socket.h"
#include "common/posix/process_identity.h"
#include "common/posix/retry.h"
#include "host/monitor/cgroup.h"
#include "host/monitor/launch.h"
#include "host/monitor/monitor.h"
#include "host/monitor/names.h"

namespace microvm::monitor {
namespace {

constexpr std::size_t kIdentityBytes = 128;
constexpr std::size_t kPathBytes = 4096;

std::unexpected<Failed> failed(const char* step, int why, std::string what) {
  return std::unexpected(Failed{step, why, std::move(what)});
}

// Nothing of whoever started it is left but the report, and the terminal until it has started.
void leave_the_caller(int report) noexcept {
  sigset_t all;
  ::sigfillset(&all);
  ::sigprocmask(SIG_SETMASK, &all, nullptr);
  if (report > 3) ::syscall(SYS_close_range, 3U, static_cast<unsigned>(report) - 1, 0U);
  ::syscall(SYS_close_range, static_cast<unsigned>(report < 0 ? 3 : report + 1), ~0U, 0U);
  if (report >= 0) ::fcntl(report, F_SETFD, FD_CLOEXEC);
  (void)::setsid();  // fails where it leads a group already, which is as good
  [[maybe_unused]] const int never_fails = ::chdir("/");
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
}

// Also so that no file gets the number of a standard stream.
void replace_streams(int from, int to) noexcept {
  const int null = ::open("/dev/null", O_RDWR);
  if (null < 0) return;
  for (int fd = from; fd <= to; ++fd)
    if (fd != null) ::dup2(null, fd);
  if (null > STDERR_FILENO) ::close(null);
}

// Held as long as the monitor lives.
std::expected<UniqueFd, Failed> take_lock(Directory& run) {
  UniqueFd fd(
      posix::retry([&] { return ::openat(run.fd(), kMonitorFile, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600); }));
  if (!fd.valid() || ::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) return failed("lock", errno, kMonitorFile);
  struct stat held{}, named{};
  if (::fstat(fd.get(), &held) != 0 || ::fstatat(run.fd(), kMonitorFile, &named, AT_SYMLINK_NOFOLLOW) != 0)
    return failed("lock", errno, kMonitorFile);
  if (held.st_ino != named.st_ino || held.st_dev != named.st_dev) return failed("lock", ESTALE, kMonitorFile);
  const auto self = posix::identify(::getpid());
  if (!self) return failed("identity", self.error(), kMonitorFile);
  const std::string text = posix::identity_text(*self);
  if (::ftruncate(fd.get(), 0) != 0 ||
      ::pwrite(fd.get(), text.data(), text.size(), 0) != static_cast<ssize_t>(text.size()))
    return failed("lock", errno, kMonitorFile);
  return fd;
}

void remove_sockets(const Options& options) noexcept {
  for (const std::string& path : options.unlink) posix::remove_dead_socket(path);
}

void remove_pipes(const Directory& run) noexcept {
  for (const char* const name : kFifos) run.remove(name);
  run.remove(kSocket);
}

void remove_all(const Directory& run, const std::string& cgroup) noexcept {
  remove_pipes(run);
  if (remove_cgroup(cgroup)) run.remove(kCgroupFile);
  for (const char* const name : {kVmmFile, kNoticeFile, kMetricsFile, kMonitorFile}) run.remove(name);
}

// What a VM before has left may go, unless it still runs.
std::expected<void, Failed> make_pipes(Directory& run) {
  if (const auto before = posix::parse_identity(run.read(kVmmFile, kIdentityBytes)))
    if (posix::open_process(*before)) return failed("start", EEXIST, "the VMM runs already");
  for (const char* const name : {kVmmFile, kNoticeFile, kMetricsFile, kIntentFile}) run.remove(name);
  for (const char* const name : kFifos) {
    if (::mkfifoat(run.fd(), name, 0600) == 0) continue;
    if (errno == EEXIST) run.remove(name);
    if (::mkfifoat(run.fd(), name, 0600) != 0) return failed("fifo", errno, name);
  }
  return {};
}

struct Streams {
  UniqueFd in, out, err;
};

// The VMM's ends. It is a reader of its own, so that it can write while no monitor lives; and what its standard error
// holds is better lost than waited for.
std::expected<Streams, Failed> open_streams(const Directory& run) {
  Streams streams;
  const auto open = [&](UniqueFd& fd, const char* name, int how) {
    fd.reset(posix::retry([&] { return ::openat(run.fd(), name, O_RDWR | O_NOFOLLOW | O_CLOEXEC | how); }));
    return fd.valid();
  };
  if (!open(streams.in, kInputFifo, 0) || !open(streams.out, kConsoleFifo, 0) ||
      !open(streams.err, kLogFifo, O_NONBLOCK))
    return failed("open", errno, "the VMM's streams");
  return streams;
}

// For the driver, which waits for the VMM's socket: the kernel takes 20 ms to close such a thing, which is the
// monitor's to wait for.
UniqueFd watch_names(const std::string& directory) noexcept {
  UniqueFd fd(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
  if (fd.valid() && ::inotify_add_watch(fd.get(), directory.c_str(), IN_CREATE | IN_MOVED_TO) < 0) fd.reset();
  return fd;
}

// Named before it is made: whoever finds the run directory finds it.
UniqueFd own_cgroup(const Options& options, Directory& run, std::string& path) {
  path = cgroup_path(options.id);
  UniqueFd cgroup;
  if (!path.empty() && run.replace(kCgroupFile, path + '\n') == 0) cgroup = make_cgroup(path);
  if (cgroup.valid()) return cgroup;
  path.clear();
  run.remove(kCgroupFile);
  return {};
}

struct Launched {
  Launch launch;
  posix::ProcessIdentity identity;
  Streams streams;  // what a VMM says that ends at once is lost with the last end of a FIFO
};

// A VMM that `vmm` names, and that is about to run.
std::expected<Launched, Failed> launch_vmm(const Options& options, Directory& run, int cgroup,
                                           char* const* environment) {
  auto streams = open_streams(run);
  if (!streams) return std::unexpected(streams.error());
  auto launch = Launch::clone({.program = options.program.data(),
                               .environment = environment,
                               .stdin_fd = streams->in.get(),
                               .stdout_fd = streams->out.get(),
                               .stderr_fd = streams->err.get(),
                               .cgroup = cgroup});
  if (!launch) return std::unexpected(launch.error());
  const auto undone = [&](Failed why) {
    launch->give_up();
    return std::unexpected(std::move(why));
  };
  auto identity = posix::identify(launch->pid());
  if (!identity) return undone({"identity", identity.error(), kVmmFile});
  if (const int why = run.replace(kVmmFile, posix::identity_text(*identity)); why != 0)
    return undone({"identity", why, kVmmFile});
  if (const int why = launch->execute(); why != 0) return undone({"exec", why, options.program.front()});
  return Launched{std::move(*launch), std::move(*identity), std::move(*streams)};
}

// What the monitor needs for itself is made while the VMM starts.
std::expected<Vmm, Failed> begin_vmm(const Options& options, Directory& run, int cgroup, char* const* environment,
                                     Monitor& monitor) {
  monitor.open_files();
  auto launched = launch_vmm(options, run, cgroup, environment);
  if (!launched) return std::unexpected(launched.error());
  auto ready = monitor.open();
  if (ready) ready = launched->launch.executed(options.program.front());
  if (ready) return Vmm(std::move(launched->identity), launched->launch.take_pidfd(), true);
  launched->launch.give_up();
  return std::unexpected(std::move(ready.error()));
}

int leave(const Options& options, const Directory& run, const std::string& cgroup, Monitor::End end) {
  switch (end) {
    case Monitor::End::Dismissed:
      run.remove(kSocket);
      return EXIT_SUCCESS;
    case Monitor::End::Abandoned:
      remove_sockets(options);
      remove_all(run, cgroup);
      return EXIT_FAILURE;
    case Monitor::End::Recorded:
    case Monitor::End::Unrecorded:
      break;
  }
  remove_sockets(options);
  remove_pipes(run);
  if (remove_cgroup(cgroup)) run.remove(kCgroupFile);
  return end == Monitor::End::Recorded ? EXIT_SUCCESS : EXIT_FAILURE;
}

struct Held {
  Directory state, run;
  UniqueFd lock;
};

std::expected<Held, Failed> hold(const Options& options) {
  auto state = Directory::open(options.state_dir);
  if (!state) return std::unexpected(state.error());
  auto run = Directory::open(options.run_dir);
  if (!run) return std::unexpected(run.error());
  auto lock = take_lock(*run);
  if (!lock) return std::unexpected(lock.error());
  return Held{std::move(*state), std::move(*run), std::move(*lock)};
}

int start(const Options& options, Held& held, Report& report, char* const* environment) {
  std::string cgroup;
  const auto give_up = [&](const Failed& why) {
    remove_all(held.run, cgroup);
    report.failed(why);
    return EXIT_FAILURE;
  };
  if (const auto made = make_pipes(held.run); !made) {
    // A VMM that runs has its files still.
    if (made.error().sys_errno != EEXIST) return give_up(made.error());
    report.failed(made.error());
    return EXIT_FAILURE;
  }
  Monitor monitor(options, held.state, held.run);
  UniqueFd own = own_cgroup(options, held.run, cgroup);
  UniqueFd watch = watch_names(options.run_dir);
  auto vmm = begin_vmm(options, held.run, own.get(), environment, monitor);
  own.reset();
  if (!vmm) return give_up(vmm.error());
  monitor.set_cgroup(cgroup);
  const bool is_heard = report.started(vmm->identity(), vmm->pidfd(), watch.get());
  monitor.keep_until_answered(std::move(watch));
  if (!is_heard) {
    vmm->end();
    return leave(options, held.run, cgroup, Monitor::End::Abandoned);
  }
  replace_streams(STDERR_FILENO, STDERR_FILENO);
  return leave(options, held.run, cgroup, monitor.watch(*vmm, report));
}

std::string read_cgroup(const Directory& run) {
  std::string path = run.read(kCgroupFile, kPathBytes);
  if (path.ends_with('\n')) path.pop_back();
  return path;
}

int adopt(const Options& options, Held& held, Report& report) {
  const auto give_up = [&](const Failed& why) {
    report.failed(why);
    return EXIT_FAILURE;
  };
  if (::faccessat(held.state.fd(), kExitFile, F_OK, 0) == 0) return give_up({"adopt", EEXIST, kExitFile});
  auto identity = posix::parse_identity(held.run.read(kVmmFile, kIdentityBytes));
  if (!identity) return give_up({"adopt", ENOENT, kVmmFile});
  const std::string cgroup = read_cgroup(held.run);
  auto pidfd = posix::open_process(*identity);
  if (!pidfd && pidfd.error() != ESRCH) return give_up({"adopt", pidfd.error(), kVmmFile});
  Monitor monitor(options, held.state, held.run);
  monitor.open_files();
  if (const auto open = monitor.open(); !open) return give_up(open.error());
  monitor.restore();
  monitor.set_cgroup(cgroup);
  if (!pidfd) {
    Vmm gone(std::move(*identity), UniqueFd(), false);
    const auto end = monitor.conclude(gone);
    report.failed({"adopt", ESRCH, "the VMM has ended"});
    return leave(options, held.run, cgroup, end);
  }
  Vmm vmm(std::move(*identity), std::move(*pidfd), false);
  // Nobody need hear of it: the VMM is recorded.
  (void)report.started(vmm.identity(), vmm.pidfd(), -1);
  replace_streams(STDERR_FILENO, STDERR_FILENO);
  return leave(options, held.run, cgroup, monitor.watch(vmm, report));
}

}  // namespace

int run(const Options& options, char* const* environment) {
  leave_the_caller(options.report);
  replace_streams(STDIN_FILENO, STDOUT_FILENO);
  if (options.report >= 0) replace_streams(STDERR_FILENO, STDERR_FILENO);
  Report report(options.report);
  auto held = hold(options);
  if (!held) {
    report.failed(held.error());
    return EXIT_FAILURE;
  }
  if (options.action == Options::Action::Adopt) return adopt(options, *held, report);
  return start(options, *held, report, environment);
}

}  // namespace microvm::monitor
