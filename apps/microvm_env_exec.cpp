// Runs a program with the environment that the host pushed laid over its own. No shell would do: each has variables of
// its own that it changes, refuses or even evaluates.
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "common/base/unique_fd.h"
#include "common/posix/retry.h"
#include "guest/limits.h"

namespace {

using namespace microvm;

constexpr const char* kUsage =
    "usage: microvm-env-exec [-f FILE] PROGRAM [ARGUMENT...]\n"
    "FILE (/run/microvm-guest/env) has KEY=VALUE lines; nothing in them is quoted or expanded.\n";
constexpr int kExitFailed = 1;
constexpr int kExitUsage = 2;
constexpr int kExitNotRun = 126;  // this one and the next are those of env(1)
constexpr int kExitNotFound = 127;

int fail(const char* name, const char* why, int status) {
  std::fprintf(stderr, "microvm-env-exec: %s: %s\n", name, why);
  return status;
}

// Null, with errno set, when it cannot be read or is larger than any that the daemon writes.
char* read_file(const char* path) {
  static char text[guest::kMaxEnvFile + 2];
  const UniqueFd fd(::open(path, O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) return nullptr;
  for (std::size_t size = 0; size <= guest::kMaxEnvFile;) {
    const ssize_t n = posix::retry([&] { return ::read(fd.get(), text + size, guest::kMaxEnvFile + 1 - size); });
    if (n < 0) return nullptr;
    if (n == 0) return text;
    size += static_cast<std::size_t>(n);
  }
  errno = EFBIG;
  return nullptr;
}

// The environment goes on pointing into `text`.
bool lay_over(char* text) {
  while (char* line = ::strsep(&text, "\n")) {
    if (*line == '\0') continue;
    if (*line == '=' || std::strchr(line, '=') == nullptr || ::putenv(line) != 0) return false;
  }
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  const char* file = "/run/microvm-guest/env";
  char** program = argv + 1;
  if (argc > 2 && std::strcmp(argv[1], "-f") == 0) {
    file = argv[2];
    program += 2;
  }
  if (argc < 2 || *program == nullptr || **program == '-') {
    std::fputs(kUsage, stderr);
    return kExitUsage;
  }
  char* text = read_file(file);
  if (text == nullptr) return fail(file, std::strerror(errno), kExitFailed);
  if (!lay_over(text)) return fail(file, "a line that is not KEY=VALUE", kExitFailed);
  ::execvp(*program, program);
  return fail(*program, std::strerror(errno), errno == ENOENT ? kExitNotFound : kExitNotRun);
}
