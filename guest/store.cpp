#include "guest/store.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <utility>

#include "common/posix/retry.h"
#include "common/wire/rules.h"
#include "guest/limits.h"

namespace microvm::guest {
namespace {

struct SplitPath {
  std::string parent;
  std::string name;
};

SplitPath split(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == path.npos) return {".", path};
  return {slash == 0 ? "/" : path.substr(0, slash), path.substr(slash + 1)};
}

std::uint64_t random_number() noexcept {
  std::uint64_t number = 0;
  // Without entropy at early boot: no two processes share both a pid and a start time.
  if (::getrandom(&number, sizeof number, GRND_NONBLOCK) != sizeof number) {
    number = static_cast<std::uint64_t>(std::chrono::system_clock::now().time_since_epoch().count()) ^
             static_cast<std::uint64_t>(::getpid()) << 48;
  }
  return number;
}

posix::Access state_access(const Store::Config& config) {
  return config.secrets_group ? posix::Access{.mode = 0710, .group = *config.secrets_group}
                              : posix::Access{.mode = 0700};
}

posix::Access secrets_dir_access(const Store::Config& config) {
  return config.secrets_group ? posix::Access{.mode = 0750, .group = *config.secrets_group}
                              : posix::Access{.mode = 0700};
}

posix::Access secret_access(const Store::Config& config) {
  return config.secrets_group ? posix::Access{.mode = 0640, .group = *config.secrets_group}
                              : posix::Access{.mode = 0600};
}

bool stands_in(const HeldDirectory& directory, const std::string& path) {
  char resolved[PATH_MAX];
  return ::realpath(split(path).parent.c_str(), resolved) != nullptr && directory.path() == resolved;
}

// What the state directory holds by the daemon's own work.
OwnEntries own_entries(const HeldDirectory& state, const Store::Config& config) {
  static constexpr std::array kHidden = {kSetPrefix, kPendingEnvPrefix, kPendingEpochPrefix};
  OwnEntries own{.names = {split(config.env_file).name, kEpochFile}, .prefixes = kHidden};
  for (const std::string& path : {config.secrets_dir, config.socket}) {
    if (!path.empty() && stands_in(state, path)) own.names.push_back(split(path).name);
  }
  return own;
}

bool is_directory(const std::string& path) noexcept {
  struct stat status;
  return ::lstat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

// Whoever can open a directory can hold its lock: such a one (/run, say) cannot be claimed.
bool readable_by_others(const HeldDirectory& directory) noexcept {
  struct stat status;
  return ::fstat(directory.fd(), &status) != 0 || (status.st_mode & 0044) != 0;
}

// Held as long as the process lives.
Failure lock(const HeldDirectory& directory) noexcept {
  Failure failure{FailureCode::Io, {}};
  if (::flock(directory.fd(), LOCK_EX | LOCK_NB) != 0) {
    failure.text << "state directory " << directory.path() << " is in use by another daemon";
  }
  return failure;
}

}  // namespace

Store::Store(HeldDirectory state, std::string env_name, SecretsDirectory secrets, const Config& config) noexcept
    : scrubber_(config.scrub),
      env_(std::move(state), std::move(env_name)),
      secrets_(std::move(secrets), secret_access(config), scrubber_),
      ids_(random_number()),
      generation_(random_number()),
      filesystem_(filesystem_of(secrets_.directory().parent().fd())) {
  const Filesystem env_filesystem = filesystem_of(env_.directory().fd());
  if (!env_filesystem.durable) filesystem_ = env_filesystem;
}

std::expected<std::unique_ptr<Store>, Failure> Store::open(const Config& config) {
  SplitPath env = split(config.env_file);
  SplitPath secrets = split(config.secrets_dir);
  Failure failure;
  if (is_directory(config.env_file)) {
    failure.text << "env file " << config.env_file << " is a directory";
    return std::unexpected(failure);
  }
  auto state = HeldDirectory::open(env.parent);
  if (!state) return std::unexpected(state.error());
  // Both are examined before either is changed.
  const OwnEntries own = own_entries(*state, config);
  const auto access = stands_in(*state, config.secrets_dir) ? state_access(config) : posix::Access{.mode = 0700};
  failure = examine(state->fd(), state->path(), own, access);
  if (failure) return std::unexpected(failure);
  auto parent = HeldDirectory::open(secrets.parent);
  if (!parent) return std::unexpected(parent.error());

  SecretsDirectory secrets_dir(std::move(*parent), std::move(secrets.name), secrets_dir_access(config));
  if (state->path() == secrets_dir.path()) failure.text << "the env file must be outside the secrets directory";
  if (!failure) failure = secrets_dir.refresh();
  if (!failure) failure = adopt(state->fd(), state->path(), own, access);
  if (failure) return std::unexpected(failure);
  return std::unique_ptr<Store>(new Store(std::move(*state), std::move(env.name), std::move(secrets_dir), config));
}

Failure Store::claim() noexcept {
  const HeldDirectory& above_secrets = secrets_.directory().parent();
  if (Failure failure = lock(env_.directory())) return failure;
  if (above_secrets.path() != env_.directory().path() && !readable_by_others(above_secrets)) {
    if (Failure failure = lock(above_secrets)) return failure;
  }
  return settle();
}

Failure Store::settle() noexcept {
  if (settled_) return {};
  const SecretsDirectory& secrets = secrets_.directory();
  Failure failure = recover(env_, secrets_.directory());
  if (!failure) failure = remove_sets(secrets.parent(), retired_.view(), scrubber_);
  if (!failure) failure = sweep(env_.directory().fd(), env_.directory().path(), posix::kTemporaryPrefix);
  if (!failure) failure = sweep(secrets.parent().fd(), secrets.parent().path(), posix::kTemporaryPrefix);
  if (!failure) failure = sweep(secrets.fd(), secrets.path(), posix::kTemporaryPrefix);
  if (!failure) failure = load_epoch();
  settled_ = !failure;
  return failure;
}

Failure Store::load_epoch() noexcept {
  const UniqueFd fd(posix::retry([&] {
    return ::openat(secrets_.directory().parent().fd(), kEpochFile, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  }));
  if (!fd.valid() && (errno == ENOENT || errno == ELOOP || errno == ENXIO)) return {};
  const ssize_t n = fd.valid() ? posix::retry([&] { return ::read(fd.get(), epoch_.data(), epoch_.size()); }) : -1;
  if (n < 0) return failed("epoch file ", kEpochFile, "read it");
  has_epoch_ = true;
  epoch_size_ = static_cast<std::size_t>(n);
  return {};
}

FixedText Store::etag() const noexcept {
  const posix::HiddenName generation("", generation_);
  FixedText text(generation.view());
  return text << "-" << changes_;
}

std::optional<std::string_view> Store::epoch() const noexcept {
  if (!has_epoch_) return std::nullopt;
  return std::string_view(epoch_.data(), epoch_size_);
}

Store::Outcome Store::done(const Failure& failure, bool changed) noexcept {
  if (changed) ++changes_;
  if (failure) settled_ = false;
  return {failure, changed};
}

Store::Outcome Store::set_env(const wire::Request& request) noexcept {
  Bytes text;
  if (Failure failure = env_.compose(request.env, request.env_mode, text)) return {failure, false};
  bool visible = false;
  const Failure failure = env_.replace(text, ids_, visible);
  return done(failure, visible);
}

Store::Outcome Store::set_secret(const wire::Request& request) noexcept {
  if (Failure failure = secrets_.refresh()) return {failure, false};
  bool visible = false;
  const Failure failure = secrets_.set(request.name, request.value, ids_, visible);
  return done(failure, visible);
}

Store::Outcome Store::delete_secret(const wire::Request& request) noexcept {
  if (Failure failure = secrets_.refresh()) return {failure, false};
  bool changed = false;
  const Failure failure = secrets_.remove(request.name, changed);
  return done(failure, changed);
}

// ---- transactions ----

// What an `apply` would change, found out before anything is written.
struct Store::Effect {
  Bytes env;  // the new text
  bool env_changes = false;
  bool epoch_changes = false;
  bool drops_others = false;  // secrets that the request does not name
  std::size_t written = 0;    // secrets
  std::size_t removed = 0;    // secrets that the request names
  wire::Entries::Entry last_written{};
  std::string_view last_removed;

  [[nodiscard]] std::size_t parts() const noexcept { return written + removed + (env_changes ? 1 : 0); }
  [[nodiscard]] bool needs_exchange() const noexcept { return epoch_changes || drops_others || parts() > 1; }
};

Store::Outcome Store::apply(const wire::Request& request, Time now) noexcept {
  if (Failure failure = secrets_.refresh()) return {failure, false};
  const bool fresh = request.epoch && request.epoch != epoch();
  Effect effect;
  if (Failure failure = foresee_env(request, fresh, effect)) return {failure, false};
  if (Failure failure = foresee_secrets(request, fresh, effect)) return {failure, false};
  return effect.needs_exchange() ? apply_exchange(request, effect, false, now) : apply_simple(request, effect);
}

Failure Store::foresee_env(const wire::Request& request, bool fresh, Effect& effect) noexcept {
  if (!request.has_env && !fresh) return {};
  // From nothing, merging and replacing are the same.
  const wire::Mode mode = fresh ? wire::Mode::Replace : request.env_mode;
  if (Failure failure = env_.compose(request.env, mode, effect.env)) return failure;
  Bytes present;
  bool exists = false;
  Failure unread = env_.read(present, exists);
  if (unread && unread.code != FailureCode::TooLarge) return unread;  // what is too large to read differs for sure
  effect.env_changes = unread || !exists || present.view() != effect.env.view();
  return {};
}

Failure Store::foresee_secrets(const wire::Request& request, bool fresh, Effect& effect) noexcept {
  effect.epoch_changes = fresh;
  for (const wire::Entries::Entry entry : request.secrets.all()) {
    const SecretStore::Holds holds = secrets_.compare(request.secrets.key(entry), request.secrets.value(entry));
    if (holds == SecretStore::Holds::Same) continue;
    ++effect.written;
    effect.last_written = entry;
  }
  for (const wire::Entries::Entry entry : request.deleted.all()) {
    if (secrets_.compare(request.deleted.key(entry), {}) == SecretStore::Holds::Nothing) continue;
    ++effect.removed;
    effect.last_removed = request.deleted.key(entry);
  }
  if (!request.has_secrets || request.secrets_mode != wire::Mode::Replace) return {};
  return secrets_.holds_others(request.secrets, effect.drops_others);
}

Store::Outcome Store::apply_simple(const wire::Request& request, const Effect& effect) noexcept {
  bool visible = false;
  Failure failure;
  if (effect.env_changes) {
    failure = env_.replace(effect.env, ids_, visible);
  } else if (effect.written != 0) {
    const std::string_view name = request.secrets.key(effect.last_written);
    failure = secrets_.set(name, request.secrets.value(effect.last_written), ids_, visible);
  } else if (effect.removed != 0) {
    failure = secrets_.remove(effect.last_removed, visible);
  }
  return done(failure, visible);
}

Store::Outcome Store::apply_exchange(const wire::Request& request, const Effect& effect, bool forced,
                                     Time now) noexcept {
  remove_retired(forced);
  const bool at_once = forced || effect.epoch_changes;
  UniqueFd old_env;
  if (at_once) old_env = scrubber_.open(env_.directory().fd(), env_.name(), forced);

  Transaction transaction(env_, secrets_, ids_.next());
  const Change change{.request = request,
                      .from_nothing = at_once,
                      .env = effect.env_changes ? &effect.env : nullptr,
                      .epoch = effect.epoch_changes ? &*request.epoch : nullptr};
  bool visible = false;
  Failure failure = transaction.prepare(change);
  if (!failure) failure = transaction.commit(change, visible);
  if (!visible) return done(failure, false);
  if (!transaction.finished()) settled_ = false;

  if (effect.epoch_changes) remember_epoch(*request.epoch);
  if (!at_once) {
    retired_ = transaction.set_name();
    tidy_at_ = now + kRetiredFor;
  } else if (!failure) {  // else a crash could bring the old names back, which must not lead to zeros: settle() does it
    retired_ = transaction.set_name();
    remove_retired(forced);
    scrubber_.now(old_env, forced);
  }
  return done(failure, true);
}

Store::Outcome Store::wipe(Time now) noexcept {
  if (Failure failure = secrets_.refresh()) return {failure, false};
  const wire::Request nothing;
  Effect effect;
  effect.env_changes = true;
  Outcome outcome = apply_exchange(nothing, effect, true, now);
  if (outcome.failure || settled_) return outcome;
  // What is gone from sight must be gone: else the client has to ask again.
  outcome.failure = settle();
  if (outcome.failure) outcome.failure.text << "; the new content is visible and may not last";
  return outcome;
}

void Store::remember_epoch(std::string_view epoch) noexcept {
  has_epoch_ = true;
  epoch_size_ = epoch.copy(epoch_.data(), epoch_.size());
}

// ---- the replaced set ----

void Store::remove_retired(bool forced) noexcept {
  if (retired_.view().empty()) return;
  if (!remove_set(secrets_.directory().parent().fd(), retired_.c_str(), scrubber_, forced)) settled_ = false;
  retired_ = {};
}

void Store::tick(Time now) noexcept {
  if (tidy_at_ && now >= *tidy_at_) {
    tidy_at_.reset();
    if (!settle()) remove_retired(false);
  }
  if (!settled_ && !tidy_at_) tidy_at_ = now + kRetiredFor;
}

void Store::close() noexcept {
  scrubber_.run();
  if (!settle()) remove_retired(false);
}

}  // namespace microvm::guest
