// The daemon's command line.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "common/wire/limits.h"
#include "guest/limits.h"

namespace microvm::guest {

struct ListenOn {
  enum class Kind : std::uint8_t { Vsock, Unix, Descriptor };
  Kind kind = Kind::Vsock;
  std::uint32_t number = wire::kDefaultPort;  ///< vsock port, or descriptor
  std::string path;                           ///< of the unix socket
};

struct Options {
  enum class Action : std::uint8_t { Serve, ShowHelp, ShowVersion };
  Action action = Action::Serve;
  std::optional<ListenOn> listen;  ///< absent: a descriptor of socket activation, else the default port
  std::string env_file = "/var/run/microvm-guest/env";
  std::string secrets_dir = "/var/run/microvm-guest/secrets";
  std::vector<std::uint32_t> allowed_cids;  ///< never empty after parsing
  unsigned max_connections = kDefaultMaxConnections;
  std::optional<std::uint32_t> secrets_group;  ///< who may read secrets beside root
  bool scrub = true;
  bool require_confinement = false;  ///< what the kernel cannot confine does not run
};

/// `arguments` without the program's name. The error is one line for a person.
std::expected<Options, std::string> parse_options(std::span<const char* const> arguments);

extern const char* const kUsage;

}  // namespace microvm::guest
