// The files that the guest reads: the env file and the secrets. Every answer is empty for success, else the reason.
#pragma once

#include <string>
#include <string_view>

#include "common/base/bytes.h"
#include "common/base/fixed_text.h"
#include "common/posix/replace_file.h"
#include "common/wire/env_lines.h"
#include "guest/directories.h"

namespace microvm::guest {

class Store {
 public:
  struct Paths {
    std::string env_file;
    std::string secrets_dir;
    std::string socket;  ///< of the daemon itself, which may stand in the state directory; may be empty
  };

  /// Makes and checks both directories; changes nothing else.
  static std::expected<Store, FixedText> open(const Paths& paths);

  /// Takes the state directory for this process alone and removes what a killed daemon left.
  FixedText claim() noexcept;

  FixedText replace_env(const wire::EnvLines& env) noexcept;
  FixedText merge_env(const wire::EnvLines& env) noexcept;
  FixedText set_secret(std::string_view name, std::string_view value) noexcept;

  [[nodiscard]] const std::string& env_file() const noexcept { return env_path_; }
  [[nodiscard]] const std::string& secrets_dir() const noexcept { return secrets_.path(); }

 private:
  Store(HeldDirectory state, std::string env_name, SecretsDirectory secrets);

  FixedText check_state() const noexcept;
  FixedText read_env(Bytes& content) const noexcept;
  FixedText write_env(const Bytes& content) noexcept;
  FixedText check_room_for(const char* name) const noexcept;

  HeldDirectory state_;
  std::string env_name_;
  std::string env_path_;
  SecretsDirectory secrets_;
  posix::TempNames names_;
};

}  // namespace microvm::guest
