#include "guest/env_store.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "common/posix/retry.h"
#include "guest/env_file.h"
#include "guest/limits.h"

namespace microvm::guest {
namespace {

Failure too_large(const std::string& path, std::size_t size) noexcept {
  Failure failure{FailureCode::TooLarge, FixedText("env file ")};
  failure.text << path << " of " << size << " bytes: limit " << kMaxEnvFile << " bytes";
  return failure;
}

bool read_all(int fd, std::size_t size, Bytes& text) noexcept {
  while (text.size() < size) {
    const ssize_t n = posix::retry([&] { return ::read(fd, text.data() + text.size(), size - text.size()); });
    if (n < 0) return false;
    if (n == 0) break;
    text.grew(static_cast<std::size_t>(n));
  }
  return true;
}

}  // namespace

Failure EnvStore::read(Bytes& text, bool& exists) const noexcept {
  exists = false;
  const UniqueFd fd(posix::retry(
      [&] { return ::openat(directory_.fd(), name(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC); }));
  if (!fd.valid() && (errno == ENOENT || errno == ELOOP || errno == ENXIO)) return {};
  struct stat status;
  if (!fd.valid() || ::fstat(fd.get(), &status) != 0) return failed("env file ", path_, "read it");
  exists = S_ISREG(status.st_mode);
  if (!exists) return {};
  const auto size = static_cast<std::size_t>(status.st_size);
  if (size > kMaxEnvFile) return too_large(path_, size);
  if (!text.reserve(size)) return out_of_memory();
  if (!read_all(fd.get(), size, text)) return failed("env file ", path_, "read it");
  return {};
}

Failure EnvStore::compose(const wire::Entries& env, wire::Mode mode, Bytes& text) const noexcept {
  if (mode == wire::Mode::Merge) return compose_merged(env, text);
  return append_env_file(text, env) ? Failure{} : out_of_memory();
}

Failure EnvStore::compose_merged(const wire::Entries& env, Bytes& text) const noexcept {
  Bytes present;
  bool exists = false;
  if (Failure failure = read(present, exists)) return failure;
  wire::Entries lines;
  const auto bad_line = read_env_file(present, lines);
  if (!bad_line) return out_of_memory();
  if (*bad_line != 0) {
    Failure failure{FailureCode::Invalid, FixedText("env file ")};
    failure.text << path_ << ": line " << *bad_line << " is not KEY=VALUE; replace the file instead of merging";
    return failure;
  }
  if (!append_merged_env_file(text, lines, env)) return out_of_memory();
  return text.size() > kMaxEnvFile ? too_large(path_, text.size()) : Failure{};
}

Failure EnvStore::replace(const Bytes& text, posix::HiddenIds& ids, bool& visible) noexcept {
  if (Failure failure = directory_.check()) return failure;
  const auto done = posix::replace_file(directory_.fd(), name(), text.view(), kAccess, ids);
  visible = done || done.error().visible;
  if (done) return {};
  FixedText subject("env file ");
  return file_failure(subject << path_, done.error());
}

}  // namespace microvm::guest
