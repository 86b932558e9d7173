#include "cli/config.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <charconv>
#include <climits>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <ranges>
#include <string_view>

#include "cli/duration.h"

extern char** environ;

namespace microvm::cli {
namespace {

std::string text_from(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::unexpected<Error> bad(const char* name, std::string_view rule) {
  return std::unexpected(Error{ErrorCode::Invalid, 0, fmt::format("{} {}", name, rule)});
}

Result<std::int64_t> number_from(const char* name, std::int64_t otherwise, std::int64_t min, std::int64_t max) {
  const std::string text = text_from(name);
  if (text.empty()) return otherwise;
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc() && end == text.data() + text.size() && number >= min && number <= max) return number;
  return bad(name, fmt::format("is no number from {} to {}", min, max));
}

/// One setting: its flag, and the variables that stand in for it, the first that is set.
struct Setting {
  const char* flag;
  const std::string& given;
  std::initializer_list<const char*> variables;
};

// Where the setting comes from, and its value; nothing when nobody has set it. Of a flag a relative path is of here.
struct Found {
  const char* from;
  std::string path;
};

Result<std::optional<Found>> find(const Setting& setting) {
  if (!setting.given.empty()) {
    std::error_code error;
    const auto path = std::filesystem::absolute(setting.given, error);
    if (error) return bad(setting.flag, "is no path: " + error.message());
    return Found{setting.flag, path.lexically_normal()};
  }
  for (const char* name : setting.variables) {
    const std::string value = text_from(name);
    if (value.empty()) continue;
    if (value.front() != '/') return bad(name, "is no absolute path");
    return Found{name, value};
  }
  return std::nullopt;
}

bool is_program(const std::string& path) {
  struct stat status{};
  return ::stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode) && ::access(path.c_str(), X_OK) == 0;
}

std::string in_path(std::string_view name) {
  for (const auto folder : std::views::split(text_from("PATH"), ':')) {
    const std::string_view at(folder.begin(), folder.end());
    // A relative folder, an empty one too, would mean another program in another place.
    if (!at.starts_with('/')) continue;
    if (std::string path = fmt::format("{}/{}", at, name); is_program(path)) return path;
  }
  return {};
}

std::string beside_this(std::string_view name) {
  std::error_code error;
  const auto self = std::filesystem::read_symlink("/proc/self/exe", error);
  const std::string path = error ? "" : self.parent_path() / name;
  return is_program(path) ? path : "";
}

Result<std::string> program(const Setting& setting, const std::function<std::string()>& usual_place) {
  const auto found = find(setting);
  if (!found) return std::unexpected(found.error());
  if (!*found) return usual_place();
  if (!is_program((*found)->path)) return bad((*found)->from, fmt::format("is no program: {}", (*found)->path));
  return (*found)->path;
}

Result<std::string> folder(const Setting& setting, const std::function<Result<std::string>()>& usual_place) {
  auto found = find(setting);
  if (!found) return std::unexpected(std::move(found.error()));
  return *found ? Result<std::string>(std::move((*found)->path)) : usual_place();
}

Result<std::string> usual_state_dir() {
  if (::geteuid() == 0) return "/var/lib/microvm";
  for (const auto& [name, below] :
       {std::pair("XDG_STATE_HOME", "/microvm"), std::pair("HOME", "/.local/state/microvm")}) {
    const std::string base = text_from(name);
    if (base.empty()) continue;
    if (base.front() != '/') return bad(name, "is no absolute path");
    return base + below;
  }
  return bad("HOME", "is not set: --state-dir is required without root");
}

Result<std::string> usual_run_dir() {
  if (::geteuid() == 0) return "/run/microvm";
  const std::string base = text_from("XDG_RUNTIME_DIR");
  if (base.empty()) return bad("XDG_RUNTIME_DIR", "is not set: --run-dir is required without root");
  if (base.front() != '/') return bad("XDG_RUNTIME_DIR", "is no absolute path");
  return base + "/microvm";
}

// What a VMM may need, and nothing that its user did not mean for it.
std::vector<std::string> vmm_environment() {
  std::vector<std::string> out;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    if (text.starts_with("PATH=") || text.starts_with("TMPDIR=") || text.starts_with("FIRECRACKER_")) {
      out.emplace_back(text);
    }
  }
  return out;
}

// One bound for both: the longer one is meant to be enough for either.
Result<std::chrono::milliseconds> api_timeout(std::chrono::milliseconds otherwise) {
  std::int64_t longest = 0;
  for (const char* name : {"MICROVM_FIRECRACKER_API_TIMEOUT_MS", "MICROVM_FIRECRACKER_SOCKET_READY_TIMEOUT_MS"}) {
    const auto number = number_from(name, 0, 1, kLongestDuration.count());
    if (!number) return std::unexpected(number.error());
    longest = std::max(longest, *number);
  }
  return longest == 0 ? otherwise : std::chrono::milliseconds(longest);
}

Result<bool> truth_from(const char* name) {
  const std::string text = text_from(name);
  if (text.empty() || text == "false" || text == "0") return false;
  if (text == "true" || text == "1") return true;
  return bad(name, "is none of true, false, 1 and 0");
}

}  // namespace

Result<MetadataConfig> metadata_config() {
  MetadataConfig config;
  const auto port = number_from("MICROVM_GUEST_METADATA_PORT", config.port, kMinPort, kMaxPort);
  if (!port) return std::unexpected(port.error());
  const auto connect = number_from("MICROVM_GUEST_METADATA_CONNECT_TIMEOUT_MS", config.connect_timeout.count(), 1,
                                   kLongestDuration.count());
  if (!connect) return std::unexpected(connect.error());
  const auto request = number_from("MICROVM_GUEST_METADATA_REQUEST_TIMEOUT_MS", config.request_timeout.count(), 1,
                                   kLongestDuration.count());
  if (!request) return std::unexpected(request.error());
  return MetadataConfig{.port = static_cast<std::uint32_t>(*port),
                        .connect_timeout = std::chrono::milliseconds(*connect),
                        .request_timeout = std::chrono::milliseconds(*request)};
}

Result<RuntimeOptions> runtime_config(const RuntimeFlags& flags) {
  RuntimeOptions options;
  const auto state =
      folder({"--state-dir", flags.state_dir, {"MICROVM_STATE_DIR", "MICROVM_FIRECRACKER_STATE_DIR"}}, usual_state_dir);
  if (!state) return std::unexpected(state.error());
  const auto run =
      folder({"--run-dir", flags.run_dir, {"MICROVM_RUN_DIR", "MICROVM_FIRECRACKER_SOCKET_DIR"}}, usual_run_dir);
  if (!run) return std::unexpected(run.error());
  const auto firecracker =
      program({"--firecracker", flags.firecracker, {"MICROVM_FIRECRACKER_BIN"}}, [] { return in_path("firecracker"); });
  if (!firecracker) return std::unexpected(firecracker.error());
  const auto monitor = program({"--monitor", flags.monitor, {"MICROVM_MONITOR_BIN"}}, [] {
    std::string beside = beside_this("microvm-monitor");
    return beside.empty() ? in_path("microvm-monitor") : beside;
  });
  if (!monitor) return std::unexpected(monitor.error());
  const auto timeout = api_timeout(options.api_timeout);
  if (!timeout) return std::unexpected(timeout.error());
  options.state_dir = *state;
  options.run_dir = *run;
  options.firecracker = *firecracker;
  options.monitor = *monitor;
  options.api_timeout = *timeout;
  options.vmm_environment = vmm_environment();
  return options;
}

Result<fcapi::VmConfig> vm_config() {
  const std::string kernel = text_from("MICROVM_FIRECRACKER_KERNEL");
  if (kernel.empty()) return bad("a spec file", "is required, or MICROVM_FIRECRACKER_KERNEL");
  const std::string rootfs = text_from("MICROVM_FIRECRACKER_ROOTFS");
  const std::string boot_args = text_from("MICROVM_FIRECRACKER_BOOT_ARGS");
  if (kernel.front() != '/') return bad("MICROVM_FIRECRACKER_KERNEL", "is no absolute path");
  if (!rootfs.empty() && rootfs.front() != '/') return bad("MICROVM_FIRECRACKER_ROOTFS", "is no absolute path");
  const auto read_only = truth_from("MICROVM_FIRECRACKER_ROOTFS_RO");
  if (!read_only) return std::unexpected(read_only.error());
  const auto vcpus = number_from("MICROVM_FIRECRACKER_VCPU_COUNT", 1, 1, 32);
  if (!vcpus) return std::unexpected(vcpus.error());
  const auto memory = number_from("MICROVM_FIRECRACKER_MEM_MIB", 128, 1, 1 << 24);
  if (!memory) return std::unexpected(memory.error());
  fcapi::VmConfig config;
  config.boot_source = fcapi::BootSource{.kernel_image_path = kernel};
  if (!boot_args.empty()) config.boot_source->boot_args = boot_args;
  config.machine_config = fcapi::MachineConfig{.vcpu_count = static_cast<std::uint8_t>(*vcpus),
                                               .mem_size_mib = static_cast<std::uint64_t>(*memory)};
  if (!rootfs.empty()) {
    config.drives.push_back(
        {.drive_id = "rootfs", .is_root_device = true, .path_on_host = rootfs, .is_read_only = *read_only});
  }
  return config;
}

bool colors_are_wanted() { return text_from("NO_COLOR").empty() && text_from("TERM") != "dumb"; }

}  // namespace microvm::cli
