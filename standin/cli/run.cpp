#include "standin/cli/run.h"

#include <fcntl.h>

#include <cctype>
#include <cstdio>

#include "standin/cli/given.h"
#include "standin/cli/process.h"
#include "standin/cli/signals.h"
#include "standin/vmm/files.h"
#include "standin/vmm/log_sites.h"
#include "standin/vmm/state_file.h"

namespace microvm::standin {
namespace {

void print(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

void check_id(Records& records, const std::string& id) {
  constexpr std::size_t kMost = 64;
  const auto fail = [&](const std::string& why) {
    panic(records, "src/firecracker/src/main.rs:309:48", "Invalid instance ID: " + why);
  };
  if (id.empty() || id.size() > kMost) fail("InvalidLen(" + std::to_string(id.size()) + ", 1, 64)");
  for (std::size_t i = 0; i < id.size(); ++i) {
    const auto byte = static_cast<unsigned char>(id[i]);
    if (byte < 0x80 && std::isalnum(byte) == 0 && byte != '-')
      fail("InvalidChar('" + std::string(1, id[i]) + "', " + std::to_string(i) + ")");
  }
}

// A filter is a map from the names of the threads; there are no such threads here, so its programs are not looked at.
Done check_seccomp_filter(const Options& options) {
  const auto path = options.value("seccomp-filter");
  if (!path) return {};
  auto text = read_file(*path, kMostConfigBytes);
  if (!text) return refuse_in(text, "FileOpen", "Filter file open error: ");
  for (const std::string_view thread : {"vmm", "api", "vcpu"})
    if (text->find(thread) == text->npos)
      return refuse("Deserialization(Bitcode(Error(\"bitcode error\")))",
                    "Filter deserialization failed: Bitcode deserialization failed: bitcode error");
  return {};
}

int describe_snapshot(Records& records, const std::string& path) {
  const auto fail = [&](Fault why) {
    return end(records, std::move(why).in("PrintSnapshotDataFormat", "When printing Snapshot Data format: "),
               kExitFailed);
  };
  auto file = open_file(path, O_RDONLY);
  if (!file) return fail(std::move(file.error()).in("OpenSnapshot", "Unable to open snapshot state file: "));
  auto version = state_file_version(file->get());
  if (!version)
    return fail(std::move(version.error()).in("SnapshotVersion", "Invalid data format version of snapshot file: "));
  print("v" + *version + "\n");
  return end_well(records);
}

// The level is checked before the rest of what the log is told.
std::optional<int> set_up_log(Records& records, const Options& options) {
  LoggerConfig config;
  if (const auto path = options.value("log-path")) config.log_path = Path{*path};
  if (const auto level = options.value("level")) {
    config.level = LogLevel{*level};
    if (kLevelRule.check(config.level->text)) {
      const Fault why{
          "Failed to parse string to level filter: " + *level + ".Possible values: [Error, Warning, Info, Debug]",
          "LevelFilterFromStrError(\"" + *level + "\")"};
      return end(records, Fault(why).in("InvalidLogLevel", "Invalid value for logger level: "), kExitBadConfiguration);
    }
  }
  if (options.has("show-level")) config.show_level = true;
  if (options.has("show-log-origin")) config.show_log_origin = true;
  config.module = options.value("module");
  if (auto set = records.log.update(config); !set)
    return end(records, std::move(set.error()).in("LoggerInitialization", "Could not initialize logger: "),
               kExitFailed);
  return std::nullopt;
}

std::optional<int> set_up(Records& records, const Options& options) {
  if (const auto code = set_up_log(records, options)) return code;
  records.log(site::kRunning, "Running Firecracker v" + std::string(kVersion));
  if (auto set = Signals::install(); !set)
    return end(records, std::move(set.error()).in("RegisterSignalHandlers", "Failed to register signal handlers: "),
               kExitFailed);
  if (const auto path = options.value("metrics-path")) {
    if (auto set = records.metrics.init({Path{*path}}); !set)
      return end(records, std::move(set.error()).in("MetricsInitialization", "Could not initialize metrics: "),
                 kExitFailed);
  }
  if (auto good = check_seccomp_filter(options); !good)
    return end(records, std::move(good.error()).in("SeccompFilter", "Seccomp error: "), kExitFailed);
  return std::nullopt;
}

}  // namespace

int run(std::span<const char* const> arguments, const MakeBackend& make_backend) {
  Records records;
  auto options = parse_options(arguments);
  if (!options) {
    Fault why = std::move(options.error()).in("ParseArguments", "Arguments parsing error: ");
    why.text += " \\n\\nFor more information try --help.";
    return end(records, why, kExitBadArguments);
  }
  const std::string title = "Firecracker v" + std::string(kVersion) + "\n\n";
  if (options->has("help")) print(title + help_text());
  if (options->has("version")) print(title);
  if (options->has("help") || options->has("version")) return end_well(records);
  if (options->has("snapshot-version")) {
    print("v" + std::string(kSnapshotVersion) + "\n");
    return end_well(records);
  }
  if (const auto path = options->value("describe-snapshot")) return describe_snapshot(records, *path);

  check_id(records, *options->value("id"));
  records.log.set_id(*options->value("id"));
  if (const auto code = set_up(records, *options)) return *code;
  Given given{read_given(records, *options, "config-file", "configuration", "src/firecracker/src/main.rs:388:20"),
              read_given(records, *options, "metadata", "mmds content", "src/firecracker/src/main.rs:393:20"),
              number(records, *options, "http-api-max-payload-size", "usize", "src/firecracker/src/main.rs:403:18"), 0};
  given.mmds_limit = options->has("mmds-size-limit")
                         ? number(records, *options, "mmds-size-limit", "usize", "src/firecracker/src/main.rs:415:18")
                         : given.payload_limit;
  const auto backend = make_backend(options->value("qemu"));
  return run_process(records, *options, given, *backend);
}

}  // namespace microvm::standin
