#include "host/vm/files.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>

#include "common/posix/retry.h"

namespace microvm::vm {
namespace {

bool write_all(int fd, std::string_view content) {
  while (!content.empty()) {
    const ssize_t n = posix::retry([&] { return ::write(fd, content.data(), content.size()); });
    if (n <= 0) return false;
    content.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

std::string folder_of(const std::string& path) { return path.substr(0, std::max<std::size_t>(path.rfind('/'), 1)); }

// Unlike any that another process or thread makes at the same time.
std::string temporary_for(const std::string& path) {
  static std::atomic<unsigned> next = 0;
  return fmt::format("{}.{}.{}", path, ::getpid(), next.fetch_add(1));
}

Result<void> check_directory(const std::string& path) {
  struct stat found{};
  if (::stat(path.c_str(), &found) != 0) return io_error(path, "stat");
  if (!S_ISDIR(found.st_mode)) return io_error(path, "this is no directory", ENOTDIR);
  const bool is_ours = found.st_uid == ::geteuid() || found.st_uid == 0;
  if (is_ours && (found.st_mode & 0022) == 0) return {};
  return std::unexpected(
      Error{ErrorCode::Invalid, EPERM,
            fmt::format("directory {}: others can write there (owner {}, mode {:04o}); it has to be this "
                        "user's or root's, and closed to writing by group and others",
                        path, found.st_uid, found.st_mode & 07777)});
}

}  // namespace

std::unexpected<Error> io_error(std::string_view path, std::string_view what, int number) {
  return std::unexpected(
      Error{ErrorCode::Io, number, fmt::format("{}: {}: {}", path, what, std::generic_category().message(number))});
}
std::unexpected<Error> io_error(std::string_view path, std::string_view what) { return io_error(path, what, errno); }

Result<std::string> read_file(const std::string& path, std::size_t limit) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!fd.valid()) return io_error(path, "open");
  std::string text;
  char part[4096];
  for (;;) {
    const ssize_t n = posix::retry([&] { return ::read(fd.get(), part, sizeof part); });
    if (n < 0) return io_error(path, "read");
    if (n == 0) return text;
    text.append(part, static_cast<std::size_t>(n));
    if (text.size() > limit) return io_error(path, fmt::format("longer than {} bytes", limit), EFBIG);
  }
}

std::string tail_of(const std::string& path, std::size_t limit) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  const off_t size = fd.valid() ? ::lseek(fd.get(), 0, SEEK_END) : 0;
  if (size <= 0) return {};
  std::string text(std::min(limit, static_cast<std::size_t>(size)), '\0');
  const ssize_t n = ::pread(fd.get(), text.data(), text.size(), size - static_cast<off_t>(text.size()));
  text.resize(n < 0 ? 0 : static_cast<std::size_t>(n));
  return text;
}

Result<UniqueFd> create_file(const std::string& path, std::string_view content) {
  UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd.valid()) return io_error(path, "create");
  if (!write_all(fd.get(), content)) return io_error(path, "write");
  return fd;
}

Result<void> sync_file(const UniqueFd& fd, const std::string& path) {
  return ::fsync(fd.get()) == 0 ? Result<void>() : io_error(path, "sync");
}

Result<void> write_file(const std::string& path, std::string_view content, Durable durable) {
  const std::string temporary = temporary_for(path);
  UniqueFd fd(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd.valid()) return io_error(temporary, "create");
  const char* failed = nullptr;
  if (!write_all(fd.get(), content)) failed = "write";
  if (failed == nullptr && durable == Durable::Yes && ::fsync(fd.get()) != 0) failed = "sync";
  if (failed == nullptr && ::rename(temporary.c_str(), path.c_str()) != 0) failed = "rename";
  if (failed != nullptr) {
    auto error = io_error(path, failed);
    ::unlink(temporary.c_str());
    return error;
  }
  return durable == Durable::Yes ? sync_directory(folder_of(path)) : Result<void>();
}

Result<void> make_directories(const std::string& path) {
  if (::mkdir(path.c_str(), 0700) == 0) return {};
  if (errno == EEXIST) return check_directory(path);
  if (errno != ENOENT || path == "/") return io_error(path, "mkdir");
  std::error_code error;
  std::filesystem::create_directories(folder_of(path), error);
  if (error) return io_error(path, "mkdir", error.value());
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) return io_error(path, "mkdir");
  return check_directory(path);
}

Result<UniqueFd> open_directory(const std::string& path) {
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW));
  if (!fd.valid()) return io_error(path, "open");
  return fd;
}

Result<void> sync_directory(const std::string& path) {
  const auto fd = open_directory(path);
  if (!fd) return std::unexpected(fd.error());
  if (::fsync(fd->get()) != 0) return io_error(path, "sync");
  return {};
}

Result<void> remove_tree(const std::string& path) {
  std::error_code error;
  std::filesystem::remove_all(path, error);
  if (error) return io_error(path, "remove", error.value());
  return {};
}

bool exists(const std::string& path) {
  struct stat found{};
  return ::lstat(path.c_str(), &found) == 0;
}

}  // namespace microvm::vm
