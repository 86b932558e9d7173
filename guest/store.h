// The state that the guest sees, and every way to change it.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "common/wire/request_in.h"
#include "guest/env_store.h"
#include "guest/filesystem.h"
#include "guest/scrub.h"
#include "guest/secret_store.h"
#include "guest/transaction.h"

namespace microvm::guest {

class Store {
 public:
  using Time = std::chrono::steady_clock::time_point;
  struct Config {
    std::string env_file;
    std::string secrets_dir;
    std::string socket;  ///< of the daemon itself, which may stand in the state directory; may be empty
    std::optional<gid_t> secrets_group;
    bool scrub = true;
  };
  /// What a request did. `changed` may go with a failure: the new state is visible and may not last.
  struct Outcome {
    Failure failure;
    bool changed = false;
  };

  /// Makes and checks the directories; changes nothing else.
  static std::expected<std::unique_ptr<Store>, Failure> open(const Config& config);
  /// Takes the state directory for this process alone, and settles it.
  Failure claim() noexcept;
  /// Puts right what a killed daemon or a failed change left: finishes or drops it, removes what is hidden, and makes
  /// what is visible last. Comes before every change; costs nothing where there is nothing to do.
  Failure settle() noexcept;

  Outcome set_env(const wire::Request& request) noexcept;
  Outcome set_secret(const wire::Request& request) noexcept;
  Outcome delete_secret(const wire::Request& request) noexcept;
  Outcome apply(const wire::Request& request, Time now) noexcept;
  Outcome wipe(Time now) noexcept;

  /// Opaque; another one after every change, and never one of an earlier process.
  [[nodiscard]] FixedText etag() const noexcept;
  [[nodiscard]] std::optional<std::string_view> epoch() const noexcept;
  /// What is acknowledged outlives a crash of the guest.
  [[nodiscard]] bool durable() const noexcept { return filesystem_.durable; }
  [[nodiscard]] const Filesystem& filesystem() const noexcept { return filesystem_; }

  EnvStore& env() noexcept { return env_; }
  SecretStore& secrets() noexcept { return secrets_; }
  Scrubber& scrubber() noexcept { return scrubber_; }

  /// When `tick` has something to do.
  [[nodiscard]] std::optional<Time> deadline() const noexcept { return tidy_at_; }
  /// Removes a replaced set whose time is over, and settles what a failure left.
  void tick(Time now) noexcept;
  /// Leaves nothing hidden behind.
  void close() noexcept;

 private:
  struct Effect;

  Store(HeldDirectory state, std::string env_name, SecretsDirectory secrets, const Config& config) noexcept;

  Outcome done(const Failure& failure, bool changed) noexcept;
  Failure load_epoch() noexcept;
  Failure foresee_env(const wire::Request& request, bool fresh, Effect& effect) noexcept;
  Failure foresee_secrets(const wire::Request& request, bool fresh, Effect& effect) noexcept;
  Outcome apply_simple(const wire::Request& request, const Effect& effect) noexcept;
  Outcome apply_exchange(const wire::Request& request, const Effect& effect, bool forced, Time now) noexcept;
  void remember_epoch(std::string_view epoch) noexcept;
  void remove_retired(bool forced) noexcept;

  Scrubber scrubber_;
  EnvStore env_;
  SecretStore secrets_;
  posix::HiddenIds ids_;
  std::uint64_t generation_;  // random at start
  std::uint64_t changes_ = 0;
  Filesystem filesystem_;
  bool has_epoch_ = false;
  std::array<char, wire::kMaxEpoch> epoch_{};
  std::size_t epoch_size_ = 0;
  bool settled_ = false;
  posix::HiddenName retired_;  // the replaced set; empty when there is none
  std::optional<Time> tidy_at_;
};

}  // namespace microvm::guest
