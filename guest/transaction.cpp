#include "guest/transaction.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <utility>

#include "common/posix/retry.h"
#include "common/wire/limits.h"
#include "common/wire/rules.h"
#include "guest/limits.h"

namespace microvm::guest {
namespace {

constexpr mode_t kHiddenMode = 0700;
constexpr posix::Access kPrivateFile{.mode = 0600};
constexpr int kOpenDirectory = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
constexpr int kRemovalRounds = 3;

int exchange_names(int dir, const char* a, const char* b) noexcept {
#ifdef RENAME_EXCHANGE
  return ::renameat2(dir, a, dir, b, RENAME_EXCHANGE);
#else
  return static_cast<int>(::syscall(SYS_renameat2, dir, a, dir, b, 1U << 1));
#endif
}

// Whether a present secret stays as it is.
bool stays(const Change& change, std::string_view name) noexcept {
  if (change.from_nothing || change.request.secrets.contains(name) || change.request.deleted.contains(name))
    return false;
  return !(change.request.has_secrets && change.request.secrets_mode == wire::Mode::Replace);
}

std::expected<void, posix::FileFault> rename_pending(int dir, const posix::HiddenName& pending,
                                                     const char* name) noexcept {
  if (::renameat(dir, pending.c_str(), dir, name) == 0) return {};
  return std::unexpected(posix::FileFault{"rename the file", errno, false});
}

Failure find_marker(const SecretsDirectory& secrets, std::optional<std::uint64_t>& id) noexcept {
  DirectoryWalk walk(secrets.fd());
  for (std::string_view name = walk.next(); !name.empty() && !id; name = walk.next()) {
    if (!posix::HiddenName::matches(kMarkerPrefix, name)) continue;
    std::from_chars(name.data() + kMarkerPrefix.size(), name.data() + name.size(), id.emplace(), 16);
  }
  return walk.check(secrets.path());
}

Failure finish_rename(const HeldDirectory& dir, std::string_view prefix, std::uint64_t id, const char* name) noexcept {
  const posix::HiddenName pending(prefix, id);
  const bool done = ::renameat(dir.fd(), pending.c_str(), dir.fd(), name) == 0 || errno == ENOENT;
  return done ? Failure{} : failed("interrupted transaction: ", name, "rename it");
}

}  // namespace

Transaction::Transaction(EnvStore& env, SecretStore& secrets, std::uint64_t id) noexcept
    : env_(env),
      secrets_(secrets),
      state_(secrets.directory().parent().fd()),
      set_name_(kSetPrefix, id),
      pending_env_(kPendingEnvPrefix, id),
      pending_epoch_(kPendingEpochPrefix, id),
      marker_(kMarkerPrefix, id) {}

Transaction::~Transaction() {
  if (!made_ || committed_) return;
  // Nobody ever saw these files under a name of theirs, but they hold values: they are scrubbed as well. Not when they
  // stood in their place for a moment: a crash could bring that moment back.
  Scrubber scrubber(!exchanged_);
  remove_set(state_, set_name_.c_str(), scrubber, !exchanged_);
  ::unlinkat(env_.directory().fd(), pending_env_.c_str(), 0);
  ::unlinkat(state_, pending_epoch_.c_str(), 0);
}

Failure Transaction::prepare(const Change& change) noexcept {
  if (Failure failure = env_.directory().check()) return failure;
  if (Failure failure = make_set()) return failure;
  if (Failure failure = keep_secrets(change)) return failure;
  if (count_ + change.request.secrets.size() > kMaxSecrets) return too_many_secrets();
  if (Failure failure = write_secrets(change)) return failure;
  if (Failure failure = write_pending(change)) return failure;
  const auto done = posix::sync(set_.get(), "sync it");
  return done ? Failure{} : file_failure(FixedText("new secrets directory"), done.error());
}

Failure Transaction::make_set() noexcept {
  const SecretsDirectory& directory = secrets_.directory();
  made_ = ::mkdirat(state_, set_name_.c_str(), kHiddenMode) == 0;
  if (!made_) return failed("new secrets directory", "", "make it");
  set_.reset(::openat(state_, set_name_.c_str(), kOpenDirectory));
  if (!set_.valid()) return failed("new secrets directory", "", "open it");
  return adopt(set_.get(), directory.path(), {}, directory.access());
}

// What stays is linked, not copied: the files are the same ones in both sets.
Failure Transaction::keep_secrets(const Change& change) noexcept {
  const int present = secrets_.directory().fd();
  DirectoryWalk walk(present);
  for (std::string_view name = walk.next(); !name.empty(); name = walk.next()) {
    if (wire::secret_name_rule(name) != nullptr || !stays(change, name)) continue;
    struct stat status;
    if (::fstatat(present, name.data(), &status, AT_SYMLINK_NOFOLLOW) != 0) return failed("secret ", name, "keep it");
    if (!S_ISREG(status.st_mode)) continue;
    if (::linkat(present, name.data(), set_.get(), name.data(), 0) != 0) return failed("secret ", name, "keep it");
    ++count_;
  }
  return walk.check(secrets_.directory().path());
}

Failure Transaction::write_secrets(const Change& change) noexcept {
  const wire::Entries& secrets = change.request.secrets;
  for (const wire::Entries::Entry entry : secrets.all()) {
    const SecretFileName file(secrets.key(entry));
    const auto fd = posix::create_file(set_.get(), file.c_str(), secrets.value(entry), secrets_.access());
    if (!fd) return secret_failure(secrets.key(entry), fd.error());
    // Writing starts for all of them at once, so that one commit of the journal serves them all.
    (void)::sync_file_range(fd->get(), 0, 0, SYNC_FILE_RANGE_WRITE);
  }
  return sync_secrets(secrets);
}

Failure Transaction::write_pending(const Change& change) noexcept {
  const auto write = [](int dir, const posix::HiddenName& name,
                        std::string_view text) -> std::expected<void, posix::FileFault> {
    const auto fd = posix::create_file(dir, name.c_str(), text, kPrivateFile);
    if (!fd) return std::unexpected(fd.error());
    return posix::sync(fd->get(), "sync the file");
  };
  std::expected<void, posix::FileFault> done;
  if (change.env != nullptr) done = write(env_.directory().fd(), pending_env_, change.env->view());
  if (done && change.epoch != nullptr) done = write(state_, pending_epoch_, *change.epoch);
  if (done && (change.env != nullptr || change.epoch != nullptr)) done = write(set_.get(), marker_, {});
  // The waiting files are found again after a crash only if their names last.
  if (done && change.env != nullptr) done = posix::sync(env_.directory().fd(), "sync the directory");
  if (done && change.epoch != nullptr) done = posix::sync(state_, "sync the directory");
  return done ? Failure{} : file_failure(FixedText("new env file or epoch"), done.error());
}

Failure Transaction::sync_secrets(const wire::Entries& secrets) noexcept {
  for (const wire::Entries::Entry entry : secrets.all()) {
    const SecretFileName file(secrets.key(entry));
    const UniqueFd fd(
        posix::retry([&] { return ::openat(set_.get(), file.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC); }));
    const auto done = fd.valid() ? posix::sync(fd.get(), "sync the file")
                                 : std::unexpected(posix::FileFault{"open the file", errno, false});
    if (!done) return secret_failure(secrets.key(entry), done.error());
  }
  return {};
}

Failure Transaction::commit(const Change& change, bool& visible) noexcept {
  const bool pending = change.env != nullptr || change.epoch != nullptr;
  if (!exchange()) return failed("secrets directory ", secrets_.directory().path(), "exchange it");
  exchanged_ = committed_ = visible = true;
  // The exchange must last before the rest does: after a power cut the marker tells what to finish.
  auto done = pending ? posix::sync(state_, "sync the directory") : std::expected<void, posix::FileFault>();
  if (done && change.env != nullptr) {
    done = rename_pending(env_.directory().fd(), pending_env_, env_.name());
  }
  if (!done && exchange()) {
    committed_ = visible = false;
    return file_failure(FixedText("transaction"), done.error());
  }
  if (done && change.epoch != nullptr) done = rename_pending(state_, pending_epoch_, kEpochFile);
  if (done) done = posix::sync(state_, "sync the directory");
  if (done && change.env != nullptr) done = posix::sync(env_.directory().fd(), "sync the directory");
  // Without the marker nothing is left to finish.
  finished_ = done && (!pending || ::unlinkat(set_.get(), marker_.c_str(), 0) == 0);
  secrets_.directory().exchanged(std::move(set_));
  if (done) return {};
  done.error().visible = true;
  return file_failure(FixedText("transaction"), done.error());
}

bool Transaction::exchange() noexcept {
  return exchange_names(state_, set_name_.c_str(), secrets_.directory().name()) == 0;
}

Failure recover(EnvStore& env, SecretsDirectory& secrets) noexcept {
  std::optional<std::uint64_t> id;
  if (Failure failure = find_marker(secrets, id)) return failure;
  if (id) {
    if (Failure failure = finish_rename(env.directory(), kPendingEnvPrefix, *id, env.name())) return failure;
    if (Failure failure = finish_rename(secrets.parent(), kPendingEpochPrefix, *id, kEpochFile)) return failure;
  }
  // Also what was renamed before: it may have been answered as visible only, or not at all.
  for (const int dir : {env.directory().fd(), secrets.parent().fd(), secrets.fd()}) {
    if (const auto done = posix::sync(dir, "sync the directory"); !done) {
      return file_failure(FixedText("earlier change"), done.error());
    }
  }
  if (id && ::unlinkat(secrets.fd(), posix::HiddenName(kMarkerPrefix, *id).c_str(), 0) != 0) {
    return failed("interrupted transaction", "", "remove its marker");
  }
  if (Failure failure = sweep(env.directory().fd(), env.directory().path(), kPendingEnvPrefix)) return failure;
  return sweep(secrets.parent().fd(), secrets.parent().path(), kPendingEpochPrefix);
}

bool remove_set(int state, const char* name, Scrubber& scrubber, bool forced) noexcept {
  const UniqueFd set(::openat(state, name, kOpenDirectory));
  // What is no directory was not made by a daemon: it stays, as with other hidden names.
  if (!set.valid()) return errno == ENOENT || errno == ENOTDIR;
  // Removing while walking may skip entries: walk again while the directory does not go.
  for (int round = 0; round < kRemovalRounds; ++round) {
    DirectoryWalk walk(set.get());
    for (std::string_view file = walk.next(); !file.empty(); file = walk.next()) {
      const UniqueFd removed = scrubber.open(set.get(), file.data(), forced);
      if (::unlinkat(set.get(), file.data(), 0) == 0) scrubber.now(removed, forced);
    }
    if (::unlinkat(state, name, AT_REMOVEDIR) == 0) return true;
  }
  return false;
}

Failure remove_sets(const HeldDirectory& state, std::string_view but, Scrubber& scrubber) noexcept {
  DirectoryWalk walk(state.fd());
  for (std::string_view name = walk.next(); !name.empty(); name = walk.next()) {
    if (!posix::HiddenName::matches(kSetPrefix, name) || name == but) continue;
    if (!remove_set(state.fd(), name.data(), scrubber, false))
      return failed("replaced set of secrets ", name, "remove it");
  }
  return walk.check(state.path());
}

}  // namespace microvm::guest
