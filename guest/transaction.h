// Several secrets, and the env file with them, changed at one instant.
//
// A complete new secrets directory is built as a hidden sibling and changes places with `secrets` in one rename. The
// new env file and epoch wait under hidden names with the transaction's id, and the new directory holds a marker with
// the same id. So whoever finds the marker in `secrets` knows that the exchange has happened, and can finish the rest.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "common/base/bytes.h"
#include "common/posix/hidden_name.h"
#include "common/wire/request_in.h"
#include "guest/env_store.h"
#include "guest/secret_store.h"

namespace microvm::guest {

/// What the files are to become.
struct Change {
  const wire::Request& request;             ///< its `secrets`, `secrets_mode` and `deleted`
  bool from_nothing = false;                ///< the present secrets do not count
  const Bytes* env = nullptr;               ///< the env file's new text, if it changes
  const std::string_view* epoch = nullptr;  ///< likewise
};

class Transaction {
 public:
  Transaction(EnvStore& env, SecretStore& secrets, std::uint64_t id) noexcept;
  /// Removes what did not come to stand.
  ~Transaction();
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;

  /// Writes and syncs everything under hidden names.
  Failure prepare(const Change& change) noexcept;
  /// Exchanges, renames, syncs. A failure leaves the old state, unless it says that the new one is visible.
  Failure commit(const Change& change, bool& visible) noexcept;

  /// After a commit: nothing is left for `recover` to do.
  [[nodiscard]] bool finished() const noexcept { return finished_; }
  /// After a commit: the hidden name under which the replaced set stands.
  [[nodiscard]] const posix::HiddenName& set_name() const noexcept { return set_name_; }

 private:
  Failure make_set() noexcept;
  Failure keep_secrets(const Change& change) noexcept;
  Failure write_secrets(const Change& change) noexcept;
  Failure sync_secrets(const wire::Entries& secrets) noexcept;
  Failure write_pending(const Change& change) noexcept;
  bool exchange() noexcept;

  EnvStore& env_;
  SecretStore& secrets_;
  int state_;  // the directory that holds `secrets`
  posix::HiddenName set_name_, pending_env_, pending_epoch_, marker_;
  UniqueFd set_;
  std::size_t count_ = 0;
  bool made_ = false;
  bool exchanged_ = false;  // if only for a moment
  bool committed_ = false;
  bool finished_ = false;
};

/// Finishes what a killed daemon, or a failure, left exchanged and drops what it did not; then everything visible
/// lasts. `secrets` must be open.
Failure recover(EnvStore& env, SecretsDirectory& secrets) noexcept;

/// Removes a hidden set, scrubbing its files; `forced` also those that somebody has open. False when it is still there.
bool remove_set(int state, const char* name, Scrubber& scrubber, bool forced) noexcept;

/// Removes every hidden set in the state directory but one.
Failure remove_sets(const HeldDirectory& state, std::string_view but, Scrubber& scrubber) noexcept;

}  // namespace microvm::guest
