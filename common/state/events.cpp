#include "common/state/events.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "common/base/bytes.h"
#include "common/base/rfc3339.h"
#include "common/base/unique_fd.h"
#include "common/posix/retry.h"
#include "common/wire/json_out.h"

namespace microvm::state {
namespace {

UniqueFd open_events(const char* path) noexcept {
  constexpr int kHow = O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC;
  return UniqueFd(posix::retry([&] { return ::open(path, kHow, 0600); }));
}

// Whoever holds the lock of the file that has the name renames it; all others go on appending.
bool move_away(const char* path, int fd) noexcept {
  if (::flock(fd, LOCK_EX | LOCK_NB) != 0) return false;
  struct stat held{}, named{};
  if (::fstat(fd, &held) != 0 || ::lstat(path, &named) != 0) return false;
  if (held.st_dev != named.st_dev || held.st_ino != named.st_ino) return true;  // somebody was faster
  return ::rename(path, (std::string(path) + ".1").c_str()) == 0;
}

std::expected<void, int> append(int fd, std::string_view line) noexcept {
  const ssize_t n = posix::retry([&] { return ::write(fd, line.data(), line.size()); });
  if (n < 0) return std::unexpected(errno);
  if (static_cast<std::size_t>(n) != line.size()) return std::unexpected(ENOSPC);
  return {};
}

// Asked once the line is there: while others append, only what stands before an own line is surely whole or torn.
bool stands_behind_a_torn_line(int fd, std::size_t size) noexcept {
  const off_t begin = ::lseek(fd, 0, SEEK_CUR) - static_cast<off_t>(size);
  char last = '\n';
  return begin > 0 && ::pread(fd, &last, 1, begin - 1) == 1 && last != '\n';
}

bool write_line(Bytes& line, const Event& event) noexcept {
  wire::JsonWriter json(line);
  json.text("when", TimeText(event.when, 3).view()).text("id", event.id).text("what", event.what);
  return json.text("detail", std::string_view(event.detail).substr(0, kMostDetailBytes)).end();
}

}  // namespace

std::expected<void, int> append_event(const char* path, const Event& event) noexcept {
  UniqueFd fd = open_events(path);
  struct stat info{};
  if (!fd.valid() || ::fstat(fd.get(), &info) != 0) return std::unexpected(errno);
  if (info.st_size >= static_cast<off_t>(kMostEventsBytes) && move_away(path, fd.get())) {
    fd = open_events(path);
    if (!fd.valid()) return std::unexpected(errno);
  }
  Bytes line;
  if (!write_line(line, event)) return std::unexpected(ENOMEM);
  const auto done = append(fd.get(), line.view());
  if (!done || !stands_behind_a_torn_line(fd.get(), line.size())) return done;
  return append(fd.get(), line.view());  // the first is lost to its reader, like what it stands behind
}

}  // namespace microvm::state
