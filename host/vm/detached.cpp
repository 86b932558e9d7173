// A child in this process's memory makes a second one, which executes the program, and ends: the program's parent is
// then init, or the nearest subreaper. Both share this memory, as with vfork(2), so that nothing is copied however
// large the caller is; the calling thread stands still meanwhile.
#include "host/vm/detached.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <system_error>

#include "common/base/unique_fd.h"
#include "common/posix/retry.h"

namespace microvm::vm {
namespace {

constexpr std::size_t kStack = 64U << 10U;
constexpr int kReportFd = 3;

struct Start {
  const char* program;
  char* const* arguments;
  char* const* environment;
  int fd, null;
  char* second_stack;
  int error = 0;  ///< written by the children
};

bool place_descriptors(const Start& start) {
  for (const int standard : {0, 1, 2})
    if (::dup2(start.null, standard) < 0) return false;
  return ::dup2(start.fd, kReportFd) >= 0;
}

// Not _exit(): sanitizers hook into it, and know nothing of the children's stacks.
int leave() {
  ::syscall(SYS_exit_group, 0);
  return 0;
}

int execute(void* argument) {
  Start& start = *static_cast<Start*>(argument);
  if (place_descriptors(start)) ::execve(start.program, start.arguments, start.environment);
  start.error = errno;
  return leave();
}

int make_second(void* argument) {
  Start& start = *static_cast<Start*>(argument);
  if (::clone(execute, start.second_stack, CLONE_VM | CLONE_VFORK, argument) < 0) start.error = errno;
  return leave();
}

// Out of the way of what the children put in place.
UniqueFd above(int fd) { return UniqueFd(::fcntl(fd, F_DUPFD_CLOEXEC, kReportFd + 1)); }

std::vector<char*> pointers(const std::vector<std::string>& words) {
  std::vector<char*> all;
  for (const std::string& word : words) all.push_back(const_cast<char*>(word.c_str()));
  all.push_back(nullptr);
  return all;
}

std::unexpected<Error> fail(const std::string& program, const char* what, int number) {
  return std::unexpected(
      Error{ErrorCode::Io, number, fmt::format("{}: {}: {}", program, what, std::generic_category().message(number))});
}

}  // namespace

Result<void> start_detached(const std::string& program, const std::vector<std::string>& arguments,
                            const std::vector<std::string>& environment, int fd) {
  const UniqueFd opened(::open("/dev/null", O_RDWR | O_CLOEXEC));
  const UniqueFd null = above(opened.get()), passed = above(fd);
  if (!null.valid() || !passed.valid()) return fail(program, "descriptors for its start", errno);
  void* const stacks =
      ::mmap(nullptr, 2 * kStack, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
  if (stacks == MAP_FAILED) return fail(program, "memory for its start", errno);
  const auto words = pointers(arguments), variables = pointers(environment);
  Start start{.program = program.c_str(),
              .arguments = words.data(),
              .environment = variables.data(),
              .fd = passed.get(),
              .null = null.get(),
              .second_stack = static_cast<char*>(stacks) + kStack};

  // No handler of the caller's may run in the children.
  sigset_t all, before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  // Without a signal at its end: the caller's handlers and waits for any child do not see it.
  const pid_t first = ::clone(make_second, static_cast<char*>(stacks) + 2 * kStack, CLONE_VM | CLONE_VFORK, &start);
  const int error = first < 0 ? errno : 0;
  if (first > 0) posix::retry([&] { return ::waitpid(first, nullptr, __WALL); });
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  ::munmap(stacks, 2 * kStack);
  if (error != 0) return fail(program, "clone", error);
  if (start.error != 0) return fail(program, "execute", start.error);
  return {};
}

}  // namespace microvm::vm
