// What is handed to a guest, and what its daemon answers.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "microvm/secret.h"

namespace microvm::metadata {

enum class EnvMode {
  Replace,  ///< the env file becomes exactly the given entries; an empty value emits no line
  Merge,    ///< the given entries are laid over the present ones; an empty value deletes its key
};
enum class SecretsMode {
  Merge,    ///< secrets that are not given stay
  Replace,  ///< they go
};

using Env = std::map<std::string, std::string>;
using Secrets = std::map<std::string, Secret>;

/// The daemon takes no longer request line (newline included); one that would be longer is Invalid and not sent.
/// A secret counts as base64 there: 786,000 bytes fit under any name.
inline constexpr std::size_t kMaxRequestBytes = 1024 * 1024;
inline constexpr std::size_t kMaxEpochBytes = 255;

/// One transaction: all of it or nothing. What is left out stays as it is.
struct Change {
  std::optional<Env> env{};
  EnvMode env_mode = EnvMode::Replace;
  Secrets secrets{};
  SecretsMode secrets_mode = SecretsMode::Merge;  ///< Replace without `secrets` removes all of them
  std::vector<std::string> delete_secrets{};      ///< none of them in `secrets`; one that is not there is fine
  std::optional<std::string> if_match{};          ///< refused with `conflict` unless this is the present etag
  /// When it differs from the one in force, the transaction starts from nothing: no env, no secrets. At most
  /// kMaxEpochBytes of UTF-8.
  std::optional<std::string> epoch{};
};

struct Applied {
  std::string etag;      ///< opaque; another one after every change, none survives a restart of the daemon
  bool changed = false;  ///< false: everything was so already, and nothing was written
  bool durable = false;  ///< what was acknowledged outlives the guest
};

struct SecretStat {
  std::string name;
  std::uint64_t size = 0;
  std::chrono::sys_time<std::chrono::milliseconds> changed{};
};

/// What the guest holds: names, never a value.
struct Stat {
  std::string etag;
  std::optional<std::string> epoch;
  std::vector<std::string> env;     ///< keys, sorted
  std::vector<SecretStat> secrets;  ///< sorted by name
};

struct Info {
  std::string version;
  std::uint64_t protocol = 0;
  std::map<std::string, std::uint64_t> limits;
  std::string filesystem;  ///< type
  bool durable = false;
  std::map<std::string, std::string> confinement;  ///< what really holds: `true`, `false`, a number, a word
  std::map<std::string, std::uint64_t> counters;
};

}  // namespace microvm::metadata
