#include "cli/folder_watch.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>

#include "common/base/printable.h"

namespace microvm::cli {

Result<FolderWatch> FolderWatch::open(const std::string& folder) {
  UniqueFd fd(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  constexpr std::uint32_t kChanges = IN_MODIFY | IN_CREATE | IN_MOVED_TO | IN_DELETE | IN_DELETE_SELF | IN_MOVE_SELF;
  if (!fd.valid() || ::inotify_add_watch(fd.get(), folder.c_str(), kChanges | IN_ONLYDIR) < 0) {
    const int error = errno;
    return std::unexpected(Error{
        ErrorCode::Io, error,
        fmt::format("{}: cannot be watched: {}", printable(folder, 256), std::generic_category().message(error))});
  }
  return FolderWatch(std::move(fd));
}

void FolderWatch::clear() const noexcept {
  alignas(inotify_event) std::array<char, 4096> events;  // NOLINT(cppcoreguidelines-pro-type-member-init)
  while (::read(fd_.get(), events.data(), events.size()) > 0) {
  }
}

void FolderWatch::wait(Deadline deadline) const noexcept {
  pollfd changed{.fd = fd_.get(), .events = POLLIN, .revents = 0};
  ::poll(&changed, 1, deadline.poll_ms());
  clear();
}

}  // namespace microvm::cli
