#include "standin/cli/options.h"

#include <algorithm>
#include <array>
#include <vector>

namespace microvm::standin {
namespace {

struct Flag {
  std::string_view name;
  bool takes_value;
  std::string_view help;
  std::string_view default_value{};
  std::string_view needs{};
  std::string_view excludes{};
};

// Sorted by name, as --help shows them and as requirements are checked; behind them what Firecracker does not have: of
// that --help, which is Firecracker's, says nothing.
constexpr std::array kFlags = {
    Flag{"api-sock", true, "Path to unix domain socket used by the API.", "/run/firecracker.socket"},
    Flag{"boot-timer", false,
         "Whether or not to load boot timer device for logging elapsed time since InstanceStart command."},
    Flag{"config-file", true, "Path to a file that contains the microVM configuration in JSON format."},
    Flag{"describe-snapshot", true, "Print the data format version of the provided snapshot state file."},
    Flag{"enable-pci", false, "Enables PCIe support."},
    Flag{"help", false, "Show the help message."},
    Flag{"http-api-max-payload-size", true, "Http API request payload max size, in bytes.", "51200"},
    Flag{"id", true, "MicroVM unique identifier.", "anonymous-instance"},
    Flag{"level", true, "Set the logger level."},
    Flag{"log-path", true, "Path to a fifo or a file used for configuring the logger on startup."},
    Flag{"metadata", true, "Path to a file that contains metadata in JSON format to add to the mmds."},
    Flag{"metrics-path", true, "Path to a fifo or a file used for configuring the metrics on startup."},
    Flag{"mmds-size-limit", true, "Mmds data store limit, in bytes."},
    Flag{"module", true, "Set the logger module filter."},
    Flag{"no-api", false, "Optional parameter which allows starting and using a microVM without an active API socket.",
         "", "config-file"},
    Flag{"no-seccomp", false,
         "Optional parameter which allows starting and using a microVM without seccomp filtering. Not recommended.", "",
         "", "seccomp-filter"},
    Flag{"parent-cpu-time-us", true, "Parent process CPU time (wall clock, microseconds). This parameter is optional."},
    Flag{"seccomp-filter", true,
         "Optional parameter which allows specifying the path to a custom seccomp filter. For advanced users.", "", "",
         "no-seccomp"},
    Flag{"show-level", false, "Whether or not to output the level in the logs."},
    Flag{"show-log-origin", false, "Whether or not to include the file path and line number of the log's origin."},
    Flag{"snapshot-version", false, "Print the supported data format version."},
    Flag{"start-time-cpu-us", true, "Process start CPU time (wall clock, microseconds). This parameter is optional."},
    Flag{"start-time-us", true, "Process start time (wall clock, microseconds). This parameter is optional."},
    Flag{"version", false, "Print the binary version number."},
    Flag{"qemu", true, ""},
};

const Flag* find_flag(std::string_view name) {
  const auto* flag = std::ranges::find(kFlags, name, &Flag::name);
  return flag == kFlags.end() ? nullptr : flag;
}

std::unexpected<Fault> refuse_argument(std::string_view variant, std::string_view name, std::string text) {
  return refuse(std::string(variant) + "(\"" + std::string(name) + "\")", std::move(text));
}

std::string quoted(std::string_view name) { return "'" + std::string(name) + "'"; }

std::unexpected<Fault> unexpected_argument(std::string_view name) {
  return refuse_argument("UnexpectedArgument", name,
                         "Found argument " + quoted(name) + " which wasn't expected, or isn't valid in this context.");
}

}  // namespace

std::optional<std::string> Options::value(std::string_view flag) const {
  if (const auto given = values_.find(flag); given != values_.end()) return given->second;
  const Flag* known = find_flag(flag);
  if (known == nullptr || known->default_value.empty()) return std::nullopt;
  return std::string(known->default_value);
}

Result<Options> parse_options(std::span<const char* const> arguments) {
  std::vector<std::string_view> own(arguments.begin(), std::ranges::find(arguments, std::string_view("--")));
  const auto named = [&own](std::string_view flag) { return std::ranges::find(own, flag) != own.end(); };
  Options options;
  // These two win over anything else, well-formed or not.
  if (named("--help") || named("-h")) {
    options.values_["help"];
    return options;
  }
  if (named("--version")) {
    options.values_["version"];
    return options;
  }
  for (auto at = own.begin(); at != own.end(); ++at) {
    if (!at->starts_with("--")) return unexpected_argument(*at);
    const Flag* flag = find_flag(at->substr(2));
    if (flag == nullptr || flag->name == "help") return unexpected_argument(at->substr(2));
    if (options.has(flag->name))
      return refuse_argument("DuplicateArgument", flag->name,
                             "The argument " + quoted(flag->name) + " was provided more than once.");
    std::string& value = options.values_[std::string(flag->name)];
    if (!flag->takes_value) continue;
    if (++at == own.end() || at->starts_with("--"))
      return refuse_argument("MissingValue", flag->name,
                             "The argument " + quoted(flag->name) + " requires a value, but none was supplied.");
    value = *at;
  }
  for (const Flag& flag : kFlags) {
    if (!options.has(flag.name)) continue;
    if (!flag.needs.empty() && !options.has(flag.needs))
      return refuse_argument("MissingArgument", flag.needs,
                             "Argument " + quoted(flag.needs) + " required, but not found.");
    if (!flag.excludes.empty() && options.has(flag.excludes))
      return refuse(
          "ForbiddenArgument(\"" + std::string(flag.name) + "\", \"" + std::string(flag.excludes) + "\")",
          "Argument " + quoted(flag.excludes) + " cannot be used together with argument " + quoted(flag.name) + ".");
  }
  return options;
}

std::string help_text() {
  std::vector<std::string> names;
  std::size_t width = 0;
  for (const Flag& flag : kFlags) {
    const std::string name(flag.name);
    names.push_back("  --" + name + (flag.takes_value ? " <" + name + ">" : ""));
    width = std::max(width, names.back().size());
  }
  std::string text = "optional arguments:\n";
  for (std::size_t i = 0; i < kFlags.size(); ++i) {
    if (kFlags[i].help.empty()) continue;
    text += names[i] + std::string(width - names[i].size() + 3, ' ') + std::string(kFlags[i].help);
    if (!kFlags[i].default_value.empty()) text += " [default: \"" + std::string(kFlags[i].default_value) + "\"]";
    text += '\n';
  }
  return text;
}

}  // namespace microvm::standin
