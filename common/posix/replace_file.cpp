#include "common/posix/replace_file.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include <cerrno>

#include "common/posix/retry.h"

namespace microvm::posix {
namespace {

constexpr int kNameTries = 16;

std::unexpected<FileFault> fault(const char* step) noexcept { return std::unexpected(FileFault{step, errno, false}); }

bool write_all(int fd, std::string_view content) noexcept {
  while (!content.empty()) {
    const ssize_t n = retry([&] { return ::write(fd, content.data(), content.size()); });
    if (n == 0) errno = EIO;
    if (n <= 0) return false;
    content.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

bool give_to_group(int fd, const Access& access) noexcept {
  // A change of group clears set-id bits only; the mode was given at creation.
  return access.group == static_cast<gid_t>(-1) || ::fchown(fd, static_cast<uid_t>(-1), access.group) == 0;
}

}  // namespace

std::expected<UniqueFd, FileFault> create_file(int dir, const char* name, std::string_view content,
                                               const Access& access) noexcept {
  UniqueFd fd(
      retry([&] { return ::openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, access.mode); }));
  if (!fd.valid()) return fault("create the file");
  if (give_to_group(fd.get(), access) && write_all(fd.get(), content)) return fd;
  auto failed = fault("write the file");
  discard(dir, name, fd.get());
  return failed;
}

std::expected<void, FileFault> sync(int fd, const char* step) noexcept {
  if (retry([&] { return ::fsync(fd); }) != 0) return fault(step);
  return {};
}

void discard(int dir, const char* name, int fd) noexcept {
  if (::unlinkat(dir, name, 0) != 0) (void)retry([&] { return ::ftruncate(fd, 0); });
}

std::expected<void, FileFault> replace_file(int dir, const char* name, std::string_view content, const Access& access,
                                            HiddenIds& ids) noexcept {
  HiddenName temporary;
  std::expected<UniqueFd, FileFault> fd = std::unexpected(FileFault{});
  for (int i = 0; i < kNameTries && !fd; ++i) {
    temporary = HiddenName(kTemporaryPrefix, ids.next());
    fd = create_file(dir, temporary.c_str(), content, access);
    if (!fd && fd.error().sys_errno != EEXIST) break;
  }
  if (!fd) return std::unexpected(fd.error());

  auto done = sync(fd->get(), "sync the file");
  if (done && ::renameat(dir, temporary.c_str(), dir, name) != 0) done = fault("rename the file");
  if (!done) {
    discard(dir, temporary.c_str(), fd->get());
    return done;
  }
  done = sync(dir, "sync the directory");
  if (!done) done.error().visible = true;
  return done;
}

}  // namespace microvm::posix
