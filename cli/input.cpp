#include "cli/input.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "common/base/printable.h"
#include "common/base/unique_fd.h"

namespace microvm::cli {
namespace {

constexpr std::size_t kFirstRead = 64 * 1024;

// A file to read, as messages name it.
struct Input {
  std::string name;
  int fd;

  [[nodiscard]] std::unexpected<Error> fail(int sys_errno) const {
    return std::unexpected(
        Error{ErrorCode::Io, sys_errno, fmt::format("{}: {}", name, std::generic_category().message(sys_errno))});
  }
  [[nodiscard]] std::unexpected<Error> too_long(std::string_view size, std::size_t limit, std::string_view why) const {
    return std::unexpected(
        Error{ErrorCode::Invalid, 0, fmt::format("{}: {} bytes, at most {} {}", name, size, limit, why)});
  }
};

Result<Bytes> read_all(const Input& input, std::size_t limit, std::string_view why, Deadline deadline) {
  Bytes content;
  for (;;) {
    if (content.size() > limit) return input.too_long(fmt::format("more than {}", limit), limit, why);
    if (content.size() == content.capacity() &&
        !content.reserve(std::clamp(2 * content.size(), kFirstRead, limit + 1))) {
      return input.fail(ENOMEM);
    }
    pollfd readable{.fd = input.fd, .events = POLLIN, .revents = 0};
    if (::poll(&readable, 1, deadline.poll_ms()) == 0 && deadline.passed()) return input.fail(ETIMEDOUT);
    if (readable.revents == 0) continue;
    const ssize_t n = ::read(input.fd, content.data() + content.size(), content.capacity() - content.size());
    if (n == 0) return content;
    if (n < 0 && errno != EINTR && errno != EAGAIN) return input.fail(errno);
    if (n > 0) content.grew(static_cast<std::size_t>(n));
  }
}

Result<Bytes> read_checked(const Input& input, const struct stat& status, std::size_t limit, std::string_view why,
                           Deadline deadline) {
  if (S_ISREG(status.st_mode) && std::cmp_greater(status.st_size, limit)) {
    return input.too_long(std::to_string(status.st_size), limit, why);
  }
  return read_all(input, limit, why, deadline);
}

}  // namespace

Result<Bytes> read_input(const std::string& path, std::size_t limit, std::string_view why, Deadline deadline) {
  const bool standard = path == "-";
  const UniqueFd file(standard ? -1 : ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
  const Input input{.name = standard ? "standard input" : printable(path, PATH_MAX),
                    .fd = standard ? STDIN_FILENO : file.get()};
  struct stat status{};
  if (input.fd < 0 || ::fstat(input.fd, &status) != 0) return input.fail(errno);
  return read_checked(input, status, limit, why, deadline);
}

Result<Bytes> read_regular_file(const std::string& path, std::size_t limit, std::string_view why, Deadline deadline) {
  // Not blocking: what waits for a writer is no regular file, which is found out once it is open.
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW | O_NONBLOCK));
  const Input input{.name = printable(path, PATH_MAX), .fd = file.get()};
  struct stat status{};
  const bool opened = file.valid() && ::fstat(file.get(), &status) == 0;
  if (opened ? !S_ISREG(status.st_mode) : errno == ELOOP || errno == ENXIO) {
    return std::unexpected(Error{ErrorCode::Invalid, 0, input.name + ": it is no regular file"});
  }
  return opened ? read_checked(input, status, limit, why, deadline) : input.fail(errno);
}

}  // namespace microvm::cli
