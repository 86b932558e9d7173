#include "host/monitor/options.h"

#include <array>
#include <charconv>
#include <limits>
#include <optional>
#include <string_view>
#include <utility>

namespace microvm::monitor {

const char* const kUsage =
    "usage: microvm-monitor --id ID --state-dir DIR --run-dir DIR [--report FD]\n"
    "         [--console-bytes N] [--ring-bytes N] [--log-bytes N]\n"
    "         [--log-file PATH] [--metrics-file PATH] [--unlink PATH]... -- PROGRAM [ARGUMENT...]\n"
    "       microvm-monitor --adopt --id ID --state-dir DIR --run-dir DIR [the same flags]\n"
    "       microvm-monitor --help | --version\n";

namespace {

using Fault = std::optional<std::string>;

constexpr std::size_t kLongestId = 63;

Fault set_id(Options& options, std::string_view value) {
  if (value.empty() || value.size() > kLongestId ||
      value.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") != value.npos)
    return "an id is 1 to 63 of a-z, 0-9 and -";
  options.id = value;
  return std::nullopt;
}

template <std::string Options::* member>
Fault set_path(Options& options, std::string_view value) {
  if (!value.starts_with('/')) return "an absolute path is needed";
  while (value.size() > 1 && value.ends_with('/')) value.remove_suffix(1);
  options.*member = value;
  return std::nullopt;
}

Fault add_unlink(Options& options, std::string_view value) {
  if (!value.starts_with('/')) return "an absolute path is needed";
  options.unlink.emplace_back(value);
  return std::nullopt;
}

std::optional<std::uint64_t> number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

Fault set_report(Options& options, std::string_view value) {
  const auto fd = number(value);
  if (!fd || *fd < 3 || *fd > std::numeric_limits<int>::max()) return "a descriptor is a number from 3 up";
  options.report = static_cast<int>(*fd);
  return std::nullopt;
}

template <std::uint64_t Options::* member, std::uint64_t least, std::uint64_t most>
Fault set_bytes(Options& options, std::string_view value) {
  const auto bytes = number(value);
  if (!bytes || *bytes < least || *bytes > most)
    return "a number from " + std::to_string(least) + " to " + std::to_string(most) + " is needed";
  options.*member = *bytes;
  return std::nullopt;
}

constexpr std::uint64_t kMostFileBytes = 1ULL << 40U;

struct Flag {
  std::string_view name;
  Fault (*set)(Options&, std::string_view value);
};

constexpr std::array kFlags = {
    Flag{"--id", set_id},
    Flag{"--state-dir", set_path<&Options::state_dir>},
    Flag{"--run-dir", set_path<&Options::run_dir>},
    Flag{"--report", set_report},
    Flag{"--console-bytes", set_bytes<&Options::console_bytes, kLeastFileBytes, kMostFileBytes>},
    Flag{"--ring-bytes", set_bytes<&Options::ring_bytes, 0, kMostRingBytes>},
    Flag{"--log-bytes", set_bytes<&Options::log_bytes, kLeastFileBytes, kMostFileBytes>},
    Flag{"--log-file", set_path<&Options::log_file>},
    Flag{"--metrics-file", set_path<&Options::metrics_file>},
    Flag{"--unlink", add_unlink},
};

struct Switch {
  std::string_view name;
  Options::Action action;
};

constexpr std::array kSwitches = {
    Switch{"--adopt", Options::Action::Adopt},
    Switch{"--help", Options::Action::ShowHelp},
    Switch{"-h", Options::Action::ShowHelp},
    Switch{"--version", Options::Action::ShowVersion},
};

// Takes one flag and its value: `--flag value` or `--flag=value`.
Fault take_flag(Options& options, std::span<const char* const>& rest) {
  const std::string_view argument = rest.front();
  const std::string_view name = argument.substr(0, argument.find('='));
  rest = rest.subspan(1);
  for (const Switch& known : kSwitches) {
    if (known.name != argument) continue;
    options.action = known.action;
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

bool only_shows(const Options& options) {
  return options.action == Options::Action::ShowHelp || options.action == Options::Action::ShowVersion;
}

Fault check(const Options& options) {
  if (options.id.empty()) return "--id is needed";
  if (options.state_dir.empty()) return "--state-dir is needed";
  if (options.run_dir.empty()) return "--run-dir is needed";
  const bool starts = options.action == Options::Action::Start;
  if (starts && options.program.size() < 2) return "-- PROGRAM is needed";
  if (starts && *options.program.front() != '/') return "the program's absolute path is needed";
  if (!starts && !options.program.empty()) return "--adopt takes no program";
  return std::nullopt;
}

}  // namespace

std::expected<Options, std::string> parse_options(std::span<const char* const> arguments) {
  Options options;
  while (!arguments.empty()) {
    if (arguments.front() == std::string_view("--")) {
      options.program.assign(arguments.begin() + 1, arguments.end());
      options.program.push_back(nullptr);
      break;
    }
    if (Fault fault = take_flag(options, arguments)) return std::unexpected(std::move(*fault));
    if (only_shows(options)) return options;
  }
  if (Fault fault = check(options)) return std::unexpected(std::move(*fault));
  return options;
}

}  // namespace microvm::monitor
