#include "guest/secret_store.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "common/posix/retry.h"
#include "common/wire/limits.h"
#include "common/wire/rules.h"
#include "guest/limits.h"

namespace microvm::guest {
namespace {

bool same_content(int fd, std::string_view value) noexcept {
  std::array<char, 4096> block;
  while (!value.empty()) {
    const std::size_t want = std::min(block.size(), value.size());
    const ssize_t n = posix::retry([&] { return ::read(fd, block.data(), want); });
    if (n <= 0 || std::memcmp(block.data(), value.data(), static_cast<std::size_t>(n)) != 0) return false;
    value.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

}  // namespace

Failure too_many_secrets() noexcept {
  Failure failure{FailureCode::TooLarge, FixedText("too many secrets: limit ")};
  failure.text << kMaxSecrets;
  return failure;
}

Failure secret_failure(std::string_view name, const posix::FileFault& fault) noexcept {
  FixedText subject("secret ");
  return file_failure(subject.quoted(name), fault);
}

Failure SecretStore::set(std::string_view name, std::string_view value, posix::HiddenIds& ids, bool& visible) noexcept {
  const SecretFileName file(name);
  UniqueFd replaced = scrubber_.open(directory_.fd(), file.c_str(), false);
  if (!replaced.valid()) {
    struct stat status;
    const bool present = ::fstatat(directory_.fd(), file.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0;
    if (!present) {
      if (Failure failure = check_room()) return failure;
    }
  }
  const auto done = posix::replace_file(directory_.fd(), file.c_str(), value, access_, ids);
  visible = done || done.error().visible;
  if (visible) scrubber_.later(std::move(replaced), done.has_value());
  return done ? Failure{} : secret_failure(name, done.error());
}

Failure SecretStore::remove(std::string_view name, bool& changed) noexcept {
  const SecretFileName file(name);
  UniqueFd removed = scrubber_.open(directory_.fd(), file.c_str(), false);
  changed = ::unlinkat(directory_.fd(), file.c_str(), 0) == 0;
  if (!changed) return errno == ENOENT ? Failure{} : secret_failure(name, {"remove it", errno, false});
  auto done = posix::sync(directory_.fd(), "sync the directory");
  scrubber_.later(std::move(removed), done.has_value());
  if (done) return {};
  done.error().visible = true;
  return secret_failure(name, done.error());
}

SecretStore::Holds SecretStore::compare(std::string_view name, std::string_view value) const noexcept {
  const SecretFileName file(name);
  const UniqueFd fd(posix::retry([&] {
    return ::openat(directory_.fd(), file.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  }));
  if (!fd.valid()) return errno == ENOENT ? Holds::Nothing : Holds::Other;
  struct stat status;
  const bool same = ::fstat(fd.get(), &status) == 0 && S_ISREG(status.st_mode) &&
                    static_cast<std::size_t>(status.st_size) == value.size() && same_content(fd.get(), value);
  return same ? Holds::Same : Holds::Other;
}

Failure SecretStore::holds_others(const wire::Entries& named, bool& others) const noexcept {
  DirectoryWalk walk(directory_.fd());
  for (std::string_view name = walk.next(); !name.empty() && !others; name = walk.next()) {
    others = wire::secret_name_rule(name) == nullptr && !named.contains(name);
  }
  return walk.check(directory_.path());
}

Failure SecretStore::check_room() const noexcept {
  DirectoryWalk walk(directory_.fd());
  std::size_t held = 0;
  for (std::string_view other = walk.next(); !other.empty(); other = walk.next()) {
    if (wire::secret_name_rule(other) == nullptr) ++held;
  }
  return held >= kMaxSecrets ? too_many_secrets() : walk.check(directory_.path());
}

}  // namespace microvm::guest
