// fork, exec and pidfd of a test's child. After fork only async-signal-safe calls are made: tests have threads.
#include "tests/support/process.h"

#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <stdexcept>
#include <system_error>
#include <thread>

namespace microvm::test {
namespace {

constexpr int kFirstSpareFd = 100;

[[noreturn]] void fail(int error, const std::string& what) {
  throw std::system_error(error, std::generic_category(), what);
}

UniqueFd memory_file(const char* name) {
  UniqueFd fd(::memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!fd.valid()) fail(errno, "memfd_create");
  return fd;
}

// A file that cannot grow: its offset, shared with the child, is how much was written.
UniqueFd capture(const char* name, std::size_t limit) {
  UniqueFd fd = memory_file(name);
  if (::ftruncate(fd.get(), static_cast<off_t>(limit)) != 0) fail(errno, "ftruncate");
  if (::fcntl(fd.get(), F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK) != 0) fail(errno, "F_ADD_SEALS");
  return fd;
}

UniqueFd input_file(std::string_view content) {
  UniqueFd fd = memory_file("stdin");
  while (!content.empty()) {
    const ssize_t n = ::write(fd.get(), content.data(), content.size());
    if (n < 0) fail(errno, "write stdin");
    content.remove_prefix(static_cast<std::size_t>(n));
  }
  ::lseek(fd.get(), 0, SEEK_SET);
  return fd;
}

std::vector<char*> pointers(std::vector<std::string>& strings) {
  std::vector<char*> out;
  for (std::string& s : strings) out.push_back(s.data());
  out.push_back(nullptr);
  return out;
}

// Everything the child needs, allocated before fork.
struct Launch {
  explicit Launch(const ProcessSpec& from) : spec(from), argv_text(from.argv) {
    for (char** e = environ; *e != nullptr; ++e) {
      const std::string entry = *e;
      const std::string key = entry.substr(0, entry.find('='));
      if (!spec.env.contains(key) && !key.starts_with("LISTEN_")) env_text.push_back(entry);
    }
    for (const auto& [key, value] : spec.env) env_text.push_back(key + "=" + value);
    if (spec.listen_fds > 0) {
      env_text.push_back("LISTEN_FDS=" + std::to_string(spec.listen_fds));
      env_text.push_back("LISTEN_PID=" + std::string(20, '\0'));
      listen_pid = env_text.back().data() + sizeof("LISTEN_PID=") - 1;
    }
    argv = pointers(argv_text);
    envp = pointers(env_text);
  }

  const ProcessSpec& spec;
  std::vector<std::string> argv_text;
  std::vector<std::string> env_text;
  std::vector<char*> argv;
  std::vector<char*> envp;
  char* listen_pid = nullptr;
  std::vector<std::pair<int, int>> fds;
};

// Moves every descriptor out of the way first: a source may be another one's target.
bool place_fds(Launch& launch) noexcept {
  for (auto& [here, there] : launch.fds) {
    here = ::fcntl(here, F_DUPFD_CLOEXEC, kFirstSpareFd);
    if (here < 0) return false;
  }
  if (::close_range(3, ~0U, CLOSE_RANGE_CLOEXEC) != 0) return false;
  return std::ranges::all_of(launch.fds, [](auto fd) { return ::dup2(fd.first, fd.second) >= 0; });
}

bool become_user(uid_t uid) noexcept {
  return ::setgroups(0, nullptr) == 0 && ::setgid(uid) == 0 && ::setuid(uid) == 0;
}

// Returns only on failure, with errno set.
void exec_child(Launch& launch, pid_t parent) noexcept {
  const ProcessSpec& spec = launch.spec;
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::signal(SIGPIPE, SIG_DFL);
  if (launch.listen_pid != nullptr) std::to_chars(launch.listen_pid, launch.listen_pid + 20, ::getpid());
  if (!place_fds(launch)) return;
  if (!spec.cwd.empty() && ::chdir(spec.cwd.c_str()) != 0) return;
  if (spec.umask) ::umask(*spec.umask);
  for (const auto& [resource, limit] : spec.rlimits) {
    if (::setrlimit(static_cast<__rlimit_resource>(resource), &limit) != 0) return;
  }
  if (spec.before_exec && !spec.before_exec()) return;
  if (spec.uid && !become_user(*spec.uid)) return;
  // Last: a change of user clears it.
  if (::prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || ::getppid() != parent) return;
  ::execvpe(launch.argv[0], launch.argv.data(), launch.envp.data());
}

}  // namespace

Process::Process(const ProcessSpec& spec)
    : out_(capture("stdout", spec.output_limit)), err_(capture("stderr", spec.output_limit)) {
  Launch launch(spec);
  const UniqueFd input = input_file(spec.input);
  launch.fds = {{input.get(), 0}, {out_.get(), 1}, {err_.get(), 2}};
  launch.fds.insert(launch.fds.end(), spec.fds.begin(), spec.fds.end());
  std::array<int, 2> failure{};
  if (::pipe2(failure.data(), O_CLOEXEC) != 0) fail(errno, "pipe2");
  const UniqueFd failed(failure[0]);
  UniqueFd report(failure[1]);

  const pid_t parent = ::getpid();
  pid_ = ::fork();
  if (pid_ < 0) fail(errno, "fork");
  if (pid_ == 0) {
    // The report must survive place_fds: it is close-on-exec and never a target.
    const int report_fd = ::fcntl(report.get(), F_DUPFD_CLOEXEC, kFirstSpareFd);
    exec_child(launch, parent);
    const int error = errno;
    [[maybe_unused]] const ssize_t n = ::write(report_fd, &error, sizeof error);
    ::_exit(127);
  }
  report.reset();
  pidfd_.reset(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
  int error = 0;
  if (::read(failed.get(), &error, sizeof error) == sizeof error) {
    kill();
    fail(error, "start " + spec.argv.front());
  }
}

Process::~Process() { kill(); }

void Process::signal(int number) const {
  if (!ended_) ::syscall(SYS_pidfd_send_signal, pidfd_.get(), number, nullptr, 0);
}

std::optional<ExitStatus> Process::wait(Deadline deadline) {
  if (ended_ || !pidfd_.valid()) return ended_;
  pollfd ready{.fd = pidfd_.get(), .events = POLLIN, .revents = 0};
  while (::poll(&ready, 1, deadline.poll_ms()) <= 0) {
    if (deadline.passed()) return std::nullopt;
  }
  int status = 0;
  if (::waitpid(pid_, &status, 0) != pid_) fail(errno, "waitpid");
  ended_ = WIFEXITED(status) ? ExitStatus{.code = WEXITSTATUS(status)} : ExitStatus{.signal = WTERMSIG(status)};
  return ended_;
}

void Process::kill() {
  if (!pidfd_.valid() || ended_) return;
  signal(SIGKILL);
  wait(std::chrono::seconds(30));
}

std::string Process::captured(const UniqueFd& stream) {
  const off_t size = ::lseek(stream.get(), 0, SEEK_CUR);
  std::string text(static_cast<std::size_t>(std::max<off_t>(size, 0)), '\0');
  const ssize_t n = ::pread(stream.get(), text.data(), text.size(), 0);
  text.resize(static_cast<std::size_t>(std::max<ssize_t>(n, 0)));
  return text;
}

bool Process::wait_err(std::string_view text, Deadline deadline) {
  for (;;) {
    const bool last_look = wait(Deadline::after({})).has_value() || deadline.passed();
    if (err().find(text) != std::string::npos) return true;
    if (last_look) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

std::string required_env(const char* name) {
  const char* value = std::getenv(name);
  if (value == nullptr) throw std::runtime_error(std::string(name) + " is not set: run this test through ctest");
  return value;
}

Finished run(const ProcessSpec& spec, std::chrono::milliseconds time) {
  Process process(spec);
  const auto status = process.wait(time);
  if (!status) {
    throw std::runtime_error(spec.argv.front() + ": still running after " + std::to_string(time.count()) + " ms\n" +
                             process.err());
  }
  return {*status, process.out(), process.err()};
}

}  // namespace microvm::test
