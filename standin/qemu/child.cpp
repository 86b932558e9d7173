#include "standin/qemu/child.h"

#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>

#include "common/base/printable.h"
#include "common/posix/retry.h"
#include "common/posix/send_fds.h"

namespace microvm::standin::qemu {
namespace {

constexpr std::size_t kMostLastWords = 1024;
constexpr unsigned kListen = SECCOMP_FILTER_FLAG_NEW_LISTENER;
constexpr unsigned kWaitForAnswer = 1U << 5;  // SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, which some headers lack
constexpr std::uint32_t kVhostIoctls = 0xAF;  // the type of each of linux/vhost.h

// Every call but ioctl(2) of a vhost command goes on as ever; those wait for an answer of ours.
constexpr std::array<sock_filter, 9> kCatchVhost = {{
    {BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(seccomp_data, arch)},
    {BPF_JMP | BPF_JEQ | BPF_K, 0, 6, AUDIT_ARCH_X86_64},
    {BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(seccomp_data, nr)},
    {BPF_JMP | BPF_JEQ | BPF_K, 0, 4, SYS_ioctl},
    {BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(seccomp_data, args[1])},
    {BPF_ALU | BPF_AND | BPF_K, 0, 0, 0xFF00},
    {BPF_JMP | BPF_JEQ | BPF_K, 0, 1, kVhostIoctls << 8},
    {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_USER_NOTIF},
    {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW},
}};

int catch_vhost() noexcept {
  auto filter = kCatchVhost;
  const sock_fprog program{filter.size(), filter.data()};
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return -1;
  // A call that was heard waits for its answer whatever signals come, where the kernel knows that (5.19).
  for (const unsigned flags : {kListen | kWaitForAnswer, kListen})
    if (const long fd = ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program); fd >= 0 || errno != EINVAL)
      return static_cast<int>(fd);
  return -1;
}

// A message of the child about itself: an errno (0: so far all is well), and perhaps a descriptor.
struct Report {
  int error = 0;
  int fd = -1;
};

void send_report(int socket, Report report) noexcept {
  const iovec part{&report.error, sizeof report.error};
  posix::send_fds(socket, {&part, 1}, {&report.fd, report.fd >= 0 ? 1U : 0U}, MSG_NOSIGNAL);
}

std::optional<Report> receive_report(int socket) noexcept {
  Report report;
  iovec part{&report.error, sizeof report.error};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  if (posix::retry([&] { return ::recvmsg(socket, &message, MSG_CMSG_CLOEXEC); }) != sizeof report.error)
    return std::nullopt;
  if (const cmsghdr* rights = CMSG_FIRSTHDR(&message); rights != nullptr && rights->cmsg_type == SCM_RIGHTS)
    std::memcpy(&report.fd, CMSG_DATA(rights), sizeof report.fd);
  return report;
}

bool set_up_fds(const ChildSpec& spec, int words) noexcept {
  if (::dup2(spec.in, 0) < 0 || ::dup2(spec.out, 1) < 0 || ::dup2(words, 2) < 0) return false;
  if (::close_range(3, ~0U, CLOSE_RANGE_CLOEXEC) != 0) return false;
  for (const int fd : spec.fds)
    if (::fcntl(fd, F_SETFD, 0) != 0) return false;
  return true;
}

// In the child; returns only when something failed, with errno set.
void exec_child(const ChildSpec& spec, char* const* argv, pid_t parent, int words, int report) noexcept {
  ::setsid();  // the terminal's signals are not for it
  for (const int number : {SIGHUP, SIGILL, SIGBUS, SIGSEGV, SIGXFSZ, SIGXCPU, SIGSYS, SIGPIPE})
    ::signal(number, SIG_DFL);
  if (::prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) return;
  if (::getppid() != parent) ::_exit(1);
  if (!set_up_fds(spec, words)) return;
  if (spec.catches_vhost) {
    const int calls = catch_vhost();
    if (calls < 0) return;
    send_report(report, {0, calls});
  }
  ::execvp(argv[0], argv);
}

}  // namespace

Result<Child> Child::start(const ChildSpec& spec) {
  std::array<int, 2> words{};
  std::array<int, 2> report{};
  if (::pipe2(words.data(), O_CLOEXEC | O_NONBLOCK) != 0) return std::unexpected(errno_fault(errno));
  Child child;
  child.stderr_.reset(words[0]);
  const UniqueFd child_words(words[1]);
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, report.data()) != 0)
    return std::unexpected(errno_fault(errno));
  const UniqueFd reports(report[0]);
  UniqueFd child_report(report[1]);

  std::vector<char*> argv;
  for (const std::string& word : spec.argv) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  const pid_t parent = ::getpid();
  child.pid_ = ::fork();
  if (child.pid_ < 0) return std::unexpected(errno_fault(errno));
  if (child.pid_ == 0) {
    exec_child(spec, argv.data(), parent, child_words.get(), child_report.get());
    send_report(child_report.get(), {errno, -1});
    ::_exit(127);
  }
  child.pidfd_.reset(static_cast<int>(::syscall(SYS_pidfd_open, child.pid_, 0)));
  child_report.reset();
  while (const auto told = receive_report(reports.get())) {
    if (told->error != 0) return std::unexpected(errno_fault(told->error));
    child.vhost_calls_.reset(told->fd);
  }
  return child;
}

Child::Child(Child&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      pidfd_(std::move(other.pidfd_)),
      stderr_(std::move(other.stderr_)),
      vhost_calls_(std::move(other.vhost_calls_)),
      last_words_(std::move(other.last_words_)) {}

Child::~Child() {
  if (pid_ <= 0) return;
  vhost_calls_.reset();  // a call that waits for an answer fails now
  ::kill(pid_, SIGKILL);
  posix::retry([&] { return ::waitpid(pid_, nullptr, 0); });
}

bool Child::read_stderr() {
  std::array<char, 4096> block;
  ssize_t n = 0;
  while ((n = posix::retry([&] { return ::read(stderr_.get(), block.data(), block.size()); })) > 0) {
    last_words_.append(block.data(), static_cast<std::size_t>(n));
    if (last_words_.size() > kMostLastWords) last_words_.erase(0, last_words_.size() - kMostLastWords);
  }
  return n < 0;
}

std::string Child::describe_end() {
  // A signal ends it at once, but what it has to say may come before its end.
  pollfd ended{pidfd_.get(), POLLIN, 0};
  posix::retry([&] { return ::poll(&ended, 1, 1000); });
  read_stderr();
  std::string text = "QEMU still runs";
  int status = 0;
  if (pid_ > 0 && ::waitpid(pid_, &status, WNOHANG) == pid_) {
    pid_ = -1;
    text = WIFEXITED(status) ? "QEMU exited with code " + std::to_string(WEXITSTATUS(status))
                             : "QEMU was ended by signal " + std::to_string(WTERMSIG(status));
  }
  while (last_words_.ends_with('\n')) last_words_.pop_back();
  if (!last_words_.empty()) text += ": " + printable(last_words_, kMostLastWords);
  return text;
}

}  // namespace microvm::standin::qemu
