#include "guest/store.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/random.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "common/posix/retry.h"
#include "common/wire/limits.h"
#include "common/wire/rules.h"
#include "guest/env_file.h"
#include "guest/limits.h"

namespace microvm::guest {
namespace {

constexpr mode_t kFileMode = 0600;

struct SplitPath {
  std::string parent;
  std::string name;
};

SplitPath split(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == path.npos) return {".", path};
  return {slash == 0 ? "/" : path.substr(0, slash), path.substr(slash + 1)};
}

std::uint64_t random_seed() noexcept {
  std::uint64_t seed = 0;
  // Without entropy at early boot the names start at the pid: O_EXCL keeps them apart.
  if (::getrandom(&seed, sizeof seed, GRND_NONBLOCK) != sizeof seed) seed = static_cast<std::uint64_t>(::getpid());
  return seed;
}

FixedText out_of_memory() noexcept { return FixedText("busy: out of memory"); }

FixedText explain(const posix::ReplaceFault& fault, FixedText subject) noexcept {
  subject << ": cannot " << fault.step;
  subject.errno_text(fault.sys_errno);
  if (fault.visible) subject << "; the new content is visible and may not last";
  return subject;
}

// What the state directory holds by the daemon's own work.
OwnEntries own_entries(const HeldDirectory& state, const Store::Paths& paths, const SecretsDirectory& secrets) {
  OwnEntries own{.names = {split(paths.env_file).name, ".epoch"}, .secrets = false};
  if (secrets.parent().path() == state.path()) own.names.push_back(split(paths.secrets_dir).name);
  std::array<char, PATH_MAX> resolved;
  const SplitPath socket = split(paths.socket);
  if (!paths.socket.empty() && ::realpath(socket.parent.c_str(), resolved.data()) != nullptr &&
      state.path() == resolved.data()) {
    own.names.push_back(socket.name);
  }
  return own;
}

}  // namespace

Store::Store(HeldDirectory state, std::string env_name, SecretsDirectory secrets)
    : state_(std::move(state)),
      env_name_(std::move(env_name)),
      env_path_(state_.path() + "/" + env_name_),
      secrets_(std::move(secrets)),
      names_(random_seed()) {}

std::expected<Store, FixedText> Store::open(const Paths& paths) {
  SplitPath env = split(paths.env_file);
  SplitPath secrets = split(paths.secrets_dir);
  auto state = HeldDirectory::open(env.parent);
  if (!state) return std::unexpected(state.error());
  auto parent = HeldDirectory::open(secrets.parent);
  if (!parent) return std::unexpected(parent.error());

  SecretsDirectory secrets_dir(std::move(*parent), std::move(secrets.name));
  FixedText fault = adopt(state->fd(), state->path(), own_entries(*state, paths, secrets_dir));
  if (fault.empty()) fault = secrets_dir.refresh();
  if (!fault.empty()) return std::unexpected(fault);

  Store store(std::move(*state), std::move(env.name), std::move(secrets_dir));
  if (store.state_.path() == store.secrets_.path()) {
    return std::unexpected(FixedText("the env file must be outside the secrets directory"));
  }
  struct stat status;
  if (::fstatat(store.state_.fd(), store.env_name_.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0 &&
      S_ISDIR(status.st_mode)) {
    return std::unexpected(FixedText("env file ") << store.env_path_ << " is a directory");
  }
  return store;
}

FixedText Store::claim() noexcept {
  if (::flock(state_.fd(), LOCK_EX | LOCK_NB) != 0) {
    FixedText fault("state directory ");
    return fault << state_.path() << " is in use by another daemon";
  }
  sweep(state_.fd());
  sweep(secrets_.fd());
  return {};
}

FixedText Store::check_state() const noexcept {
  FixedText fault;
  if (!state_.present()) fault << "state directory " << state_.path() << " is gone; restart the daemon";
  return fault;
}

FixedText Store::replace_env(const wire::EnvLines& env) noexcept {
  Bytes content;
  if (!append_env_file(content, env)) return out_of_memory();
  return write_env(content);
}

FixedText Store::merge_env(const wire::EnvLines& env) noexcept {
  Bytes present;
  if (FixedText fault = read_env(present); !fault.empty()) return fault;
  wire::EnvLines lines;
  const auto bad_line = read_env_file(present.view(), lines);
  if (!bad_line) return out_of_memory();
  if (*bad_line != 0) {
    FixedText fault("env file ");
    return fault << env_path_ << ": line " << *bad_line << " is not KEY=VALUE; replace the file instead of merging";
  }
  Bytes content;
  if (!append_merged_env_file(content, lines, env)) return out_of_memory();
  if (content.size() > kMaxEnvFile) {
    FixedText fault("env file ");
    return fault << env_path_ << " would have " << content.size() << " bytes: limit " << kMaxEnvFile << " bytes";
  }
  return write_env(content);
}

FixedText Store::read_env(Bytes& content) const noexcept {
  // What is not a regular file was planted there; it counts as absent and is replaced.
  const UniqueFd fd(posix::retry([&] {
    return ::openat(state_.fd(), env_name_.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  }));
  if (!fd.valid() && (errno == ENOENT || errno == ELOOP || errno == ENXIO)) return {};
  FixedText fault("env file ");
  struct stat status;
  if (!fd.valid() || ::fstat(fd.get(), &status) != 0) {
    const int error = errno;
    return (fault << env_path_ << ": cannot read it").errno_text(error);
  }
  if (!S_ISREG(status.st_mode)) return {};
  const auto size = static_cast<std::size_t>(status.st_size);
  if (size > kMaxEnvFile) {
    return fault << env_path_ << " has " << size << " bytes, merging takes at most " << kMaxEnvFile;
  }
  if (!content.reserve(size)) return out_of_memory();
  while (content.size() < size) {
    const ssize_t n = posix::retry(
        [&] { return ::read(fd.get(), content.data() + content.size(), size - content.size()); });
    if (n < 0) {
      const int error = errno;
      return (fault << env_path_ << ": cannot read it").errno_text(error);
    }
    if (n == 0) break;
    content.grew(static_cast<std::size_t>(n));
  }
  return {};
}

FixedText Store::write_env(const Bytes& content) noexcept {
  if (FixedText fault = check_state(); !fault.empty()) return fault;
  const auto done = posix::replace_file(state_.fd(), env_name_.c_str(), content.view(), kFileMode, names_);
  if (done) return {};
  FixedText subject("env file ");
  return explain(done.error(), subject << env_path_);
}

FixedText Store::set_secret(std::string_view name, std::string_view value) noexcept {
  std::array<char, wire::kMaxSecretName + 1> file{};
  name.copy(file.data(), wire::kMaxSecretName);
  if (FixedText fault = secrets_.refresh(); !fault.empty()) return fault;
  if (FixedText fault = check_room_for(file.data()); !fault.empty()) return fault;
  const auto done = posix::replace_file(secrets_.fd(), file.data(), value, kFileMode, names_);
  if (done) return {};
  FixedText subject("secret ");
  return explain(done.error(), subject.quoted(name));
}

FixedText Store::check_room_for(const char* name) const noexcept {
  struct stat status;
  if (::fstatat(secrets_.fd(), name, &status, AT_SYMLINK_NOFOLLOW) == 0) return {};
  DirectoryWalk walk(secrets_.fd());
  if (!walk.valid()) {
    const int error = errno;
    FixedText fault("cannot count the secrets in ");
    return (fault << secrets_.path()).errno_text(error);
  }
  std::size_t held = 0;
  for (std::string_view other = walk.next(); !other.empty(); other = walk.next()) {
    if (wire::secret_name_rule(other) == nullptr) ++held;
  }
  FixedText fault;
  if (held >= kMaxSecrets) fault << "too many secrets: limit " << kMaxSecrets;
  return fault;
}

}  // namespace microvm::guest
