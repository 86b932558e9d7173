#include "guest/options.h"

#include <array>
#include <charconv>
#include <limits>
#include <string_view>

namespace microvm::guest {

const char* const kUsage =
    "usage: microvm-guest-metadatad [--port N] [--env-file PATH] [--secrets-dir PATH]\n"
    "         [--listen vsock:PORT|unix:PATH|fd:N] [--allow-cid N]... [--max-connections N]\n"
    "         [--secrets-gid G] [--no-scrub] [--require-confinement]\n"
    "         [--version] [--help]\n";

namespace {

using Fault = std::optional<std::string>;

constexpr std::uint32_t kAnyPort = std::numeric_limits<std::uint32_t>::max();  // VMADDR_PORT_ANY
constexpr std::uint32_t kMostConnections = 65536;

std::optional<std::uint32_t> number(std::string_view text) {
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

Fault set_listen(Options& options, ListenOn listen) {
  if (options.listen) return "the listening address is given twice (--port N is --listen vsock:N)";
  options.listen = std::move(listen);
  return std::nullopt;
}

Fault set_port(Options& options, std::string_view value) {
  const auto port = number(value);
  if (!port || *port == 0 || *port == kAnyPort) return "a vsock port is a number from 1 to 4294967294";
  return set_listen(options, {ListenOn::Kind::Vsock, *port, {}});
}

Fault set_descriptor(Options& options, std::string_view value) {
  const auto fd = number(value);
  if (!fd || *fd > std::numeric_limits<int>::max()) return "a descriptor is a number";
  return set_listen(options, {ListenOn::Kind::Descriptor, *fd, {}});
}

Fault set_listen_text(Options& options, std::string_view value) {
  const auto behind = [value](std::string_view prefix) { return value.substr(prefix.size()); };
  if (value.starts_with("vsock:")) return set_port(options, behind("vsock:"));
  if (value.starts_with("fd:")) return set_descriptor(options, behind("fd:"));
  if (value.starts_with("unix:") && value.size() > 5)
    return set_listen(options, {ListenOn::Kind::Unix, 0, std::string(behind("unix:"))});
  return "an address is vsock:PORT, unix:PATH or fd:N";
}

Fault set_env_file(Options& options, std::string_view value) {
  if (value.empty() || value.ends_with('/')) return "the path of a file is needed";
  options.env_file = value;
  return std::nullopt;
}

Fault set_secrets_dir(Options& options, std::string_view value) {
  while (value.size() > 1 && value.ends_with('/')) value.remove_suffix(1);
  if (value.empty() || value == "/") return "the path of a directory below / is needed";
  options.secrets_dir = value;
  return std::nullopt;
}

Fault add_cid(Options& options, std::string_view value) {
  const auto cid = number(value);
  if (!cid) return "a CID is a number from 0 to 4294967295";
  options.allowed_cids.push_back(*cid);
  return std::nullopt;
}

Fault set_max_connections(Options& options, std::string_view value) {
  const auto most = number(value);
  if (!most || *most == 0 || *most > kMostConnections) return "a number from 1 to 65536 is needed";
  options.max_connections = *most;
  return std::nullopt;
}

Fault set_secrets_group(Options& options, std::string_view value) {
  const auto group = number(value);
  if (!group || *group == std::numeric_limits<std::uint32_t>::max()) return "a gid is a number from 0 to 4294967294";
  options.secrets_group = *group;
  return std::nullopt;
}

struct Flag {
  std::string_view name;
  Fault (*set)(Options&, std::string_view value);
};

constexpr std::array kFlags = {
    Flag{"--port", set_port},
    Flag{"--listen", set_listen_text},
    Flag{"--env-file", set_env_file},
    Flag{"--secrets-dir", set_secrets_dir},
    Flag{"--allow-cid", add_cid},
    Flag{"--max-connections", set_max_connections},
    Flag{"--secrets-gid", set_secrets_group},
};

// Ends the parsing, whatever follows.
struct Switch {
  std::string_view name;
  Options::Action action;
};

constexpr std::array kSwitches = {
    Switch{"--help", Options::Action::ShowHelp},
    Switch{"-h", Options::Action::ShowHelp},
    Switch{"--version", Options::Action::ShowVersion},
};

struct BoolFlag {
  std::string_view name;
  bool Options::* member;
  bool value;
};

constexpr std::array kBoolFlags = {
    BoolFlag{"--no-scrub", &Options::scrub, false},
    BoolFlag{"--require-confinement", &Options::require_confinement, true},
};

// Takes one flag and, if it has one, its value: `--flag value` or `--flag=value`.
Fault take_flag(Options& options, std::span<const char* const>& rest) {
  const std::string_view argument = rest.front();
  const std::string_view name = argument.substr(0, argument.find('='));
  rest = rest.subspan(1);
  for (const BoolFlag& flag : kBoolFlags) {
    if (flag.name != argument) continue;
    options.*flag.member = flag.value;
    return std::nullopt;
  }
  for (const Flag& flag : kFlags) {
    if (flag.name != name) continue;
    std::string_view value = argument.substr(name.size());
    if (!value.empty()) {
      value.remove_prefix(1);
    } else if (rest.empty()) {
      return std::string(name) + " needs a value";
    } else {
      value = rest.front();
      rest = rest.subspan(1);
    }
    if (const Fault fault = flag.set(options, value)) return std::string(name) + ": " + *fault;
    return std::nullopt;
  }
  return "unknown argument: " + std::string(argument);
}

// A secret named like the env file would be the env file.
bool env_file_is_inside(const Options& options) {
  return options.env_file == options.secrets_dir || options.env_file.starts_with(options.secrets_dir + '/');
}

}  // namespace

std::expected<Options, std::string> parse_options(std::span<const char* const> arguments) {
  Options options;
  while (!arguments.empty()) {
    for (const Switch& known : kSwitches) {
      if (known.name != arguments.front()) continue;
      options.action = known.action;
      return options;
    }
    if (Fault fault = take_flag(options, arguments)) return std::unexpected(std::move(*fault));
  }
  if (env_file_is_inside(options)) return std::unexpected("the env file must be outside the secrets directory");
  if (options.allowed_cids.empty()) options.allowed_cids.push_back(2);  // VMADDR_CID_HOST
  return options;
}

}  // namespace microvm::guest
