// The secrets on disk, one at a time; several at once are a transaction's matter.
#pragma once

#include <array>
#include <string_view>

#include "common/posix/replace_file.h"
#include "common/wire/entries.h"
#include "common/wire/limits.h"
#include "guest/directories.h"
#include "guest/failures.h"
#include "guest/scrub.h"

namespace microvm::guest {

/// A checked name of a secret, with its NUL.
class SecretFileName {
 public:
  explicit SecretFileName(std::string_view name) noexcept { name.copy(text_.data(), wire::kMaxSecretName); }
  [[nodiscard]] const char* c_str() const noexcept { return text_.data(); }

 private:
  std::array<char, wire::kMaxSecretName + 1> text_{};
};

class SecretStore {
 public:
  SecretStore(SecretsDirectory directory, const posix::Access& access, Scrubber& scrubber) noexcept
      : directory_(std::move(directory)), access_(access), scrubber_(scrubber) {}

  /// Finds the directory, or makes it again. Comes before everything below.
  Failure refresh() noexcept { return directory_.refresh(); }

  /// `visible` tells whether the new value is in place, also with a failure.
  Failure set(std::string_view name, std::string_view value, posix::HiddenIds& ids, bool& visible) noexcept;
  /// `changed` tells whether there was anything to remove and it is gone.
  Failure remove(std::string_view name, bool& changed) noexcept;

  enum class Holds { Nothing, Other, Same };
  /// What stands under `name` against `value`.
  [[nodiscard]] Holds compare(std::string_view name, std::string_view value) const noexcept;

  /// Whether there is any secret that `named` (settled) does not name.
  Failure holds_others(const wire::Entries& named, bool& others) const noexcept;

  [[nodiscard]] SecretsDirectory& directory() noexcept { return directory_; }
  [[nodiscard]] const SecretsDirectory& directory() const noexcept { return directory_; }
  [[nodiscard]] const posix::Access& access() const noexcept { return access_; }

 private:
  Failure check_room() const noexcept;

  SecretsDirectory directory_;
  posix::Access access_;
  Scrubber& scrubber_;
};

Failure too_many_secrets() noexcept;
Failure secret_failure(std::string_view name, const posix::FileFault& fault) noexcept;

}  // namespace microvm::guest
