#include "host/monitor/directories.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>

#include "common/posix/replace_file.h"
#include "common/posix/retry.h"

namespace microvm::monitor {
namespace {

constexpr std::size_t kPieceBytes = 16U << 10U;

}  // namespace

Directory::Directory(UniqueFd fd) noexcept
    : fd_(std::move(fd)),
      ids_(static_cast<std::uint64_t>(std::chrono::system_clock::now().time_since_epoch().count())) {}

std::expected<Directory, Failed> Directory::open(const std::string& path) {
  UniqueFd fd(posix::retry([&] { return ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); }));
  if (!fd.valid()) return std::unexpected(Failed{"open", errno, path});
  return Directory(std::move(fd));
}

int Directory::replace(const char* name, std::string_view text) noexcept {
  Draft draft(*this, name);
  draft.add(text);
  return draft.commit();
}

int Directory::replace_synced(const char* name, std::string_view text) noexcept {
  const auto done = posix::replace_file(fd(), name, text, {}, ids_);
  return done || done.error().visible ? 0 : done.error().sys_errno;
}

std::string Directory::read_from(const char* name, bool end, std::size_t most) const {
  const UniqueFd file(
      posix::retry([&] { return ::openat(fd(), name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC); }));
  struct stat info{};
  if (!file.valid() || ::fstat(file.get(), &info) != 0 || !S_ISREG(info.st_mode)) return {};
  const auto size = static_cast<std::size_t>(info.st_size);
  std::string text(std::min(size, most), '\0');
  const auto from = static_cast<off_t>(end ? size - text.size() : 0);
  const ssize_t n = posix::retry([&] { return ::pread(file.get(), text.data(), text.size(), from); });
  text.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
  return text;
}

std::string Directory::read(const char* name, std::size_t most) const { return read_from(name, false, most); }
std::string Directory::read_end(const char* name, std::size_t most) const { return read_from(name, true, most); }

Draft::Draft(Directory& directory, const char* name) noexcept
    : directory_(directory), name_(name), temporary_(posix::kTemporaryPrefix, directory.ids_.next()) {
  auto file = posix::create_file(directory.fd(), temporary_.c_str(), {}, {});
  if (file)
    fd_ = std::move(*file);
  else
    failed_ = file.error().sys_errno;
}

Draft::~Draft() {
  if (fd_.valid()) posix::discard(directory_.fd(), temporary_.c_str(), fd_.get());
}

void Draft::add(std::string_view text) {
  kept_ += text;
  if (kept_.size() >= kPieceBytes) flush();
}

void Draft::flush() noexcept {
  for (std::string_view rest = kept_; failed_ == 0 && !rest.empty();) {
    const ssize_t n = posix::retry([&] { return ::write(fd_.get(), rest.data(), rest.size()); });
    if (n <= 0) failed_ = n < 0 ? errno : EIO;
    rest.remove_prefix(n > 0 ? static_cast<std::size_t>(n) : 0);
  }
  kept_.clear();
}

int Draft::commit() noexcept {
  flush();
  if (failed_ == 0 && ::renameat(directory_.fd(), temporary_.c_str(), directory_.fd(), name_) != 0) failed_ = errno;
  if (failed_ == 0) fd_.reset();
  return failed_;
}

void Directory::remove(const char* name) const noexcept { (void)::unlinkat(fd(), name, 0); }

}  // namespace microvm::monitor
