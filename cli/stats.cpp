// `microvm stats`: what VMs use of this host, once a second.
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <map>
#include <thread>

#include "cli/duration.h"
#include "cli/ids.h"
#include "cli/json.h"
#include "cli/proc.h"
#include "cli/report.h"
#include "cli/table.h"

namespace microvm::cli {
namespace {

using Clock = std::chrono::steady_clock;

/// One VM at one time.
struct Sample {
  std::string id;
  Clock::time_point when;
  std::optional<ProcessUse> vmm, monitor;
  std::uint64_t console_bytes = 0;
  std::optional<double> cpu_percent{};  ///< since the sample before
};

std::uint64_t size_of(const std::string& path) {
  struct stat status{};
  return ::stat(path.c_str(), &status) == 0 ? static_cast<std::uint64_t>(status.st_size) : 0;
}

Sample sample_of(const VmInfo& vm) {
  const auto use = [](const ProcessId& process) { return use_of(process); };
  return {.id = vm.id,
          .when = Clock::now(),
          .vmm = vm.vmm.and_then(use),
          .monitor = vm.monitor.and_then(use),
          .console_bytes = size_of(vm.state_dir + "/console.log") + size_of(vm.state_dir + "/console.log.1")};
}

std::string size_text(std::uint64_t bytes) {
  constexpr double kKib = 1024;
  const auto size = static_cast<double>(bytes);
  if (size < kKib) return fmt::format("{} B", bytes);
  if (size < kKib * kKib) return fmt::format("{:.1f} KiB", size / kKib);
  if (size < kKib * kKib * kKib) return fmt::format("{:.1f} MiB", size / kKib / kKib);
  return fmt::format("{:.1f} GiB", size / kKib / kKib / kKib);
}

std::string table_of(const std::vector<Sample>& samples) {
  Table table({"ID", "CPU %", "RSS", "MONITOR RSS", "CONSOLE"});
  for (const Sample& sample : samples) {
    table.add({sample.id, sample.cpu_percent ? fmt::format("{:.1f}", *sample.cpu_percent) : "",
               sample.vmm ? size_text(sample.vmm->rss_bytes) : "",
               sample.monitor ? size_text(sample.monitor->rss_bytes) : "", size_text(sample.console_bytes)});
  }
  return table.text();
}

std::string rss_json(const std::optional<ProcessUse>& use) { return use ? std::to_string(use->rss_bytes) : "null"; }

std::string sample_json(const Sample& sample) {
  return JsonObject()
      .add("id", sample.id)
      .raw("cpu_percent", sample.cpu_percent ? fmt::format("{:.1f}", *sample.cpu_percent) : "null")
      .raw("rss_bytes", rss_json(sample.vmm))
      .raw("monitor_rss_bytes", rss_json(sample.monitor))
      .add("console_bytes", sample.console_bytes)
      .text();
}

class Stats {
 public:
  Stats(CLI::App& command, Context& context) : context_(context), ids_(command, context, false) {
    command.add_flag("--no-stream", once_, "Only once");
    command.add_option("-i,--interval", interval_, "How long is measured: 1s is the default")
        ->check(check_seconds)
        ->type_name("TIME");
  }

  [[nodiscard]] Result<Answer> run() {
    const auto runtime = context_.runtime();
    if (!runtime) return std::unexpected(runtime.error());
    const auto interval = parse_seconds(interval_).value_or(std::chrono::seconds(1));
    const bool screen = !once_ && !context_.json() && ::isatty(STDOUT_FILENO) == 1;
    // What the processor time is compared with.
    if (auto first = take(**runtime); !first) return std::unexpected(std::move(first.error()));
    for (;;) {
      std::this_thread::sleep_for(interval);
      const auto samples = take(**runtime);
      if (!samples) return std::unexpected(samples.error());
      const std::string text = context_.json() ? json_joined("[", *samples, sample_json, "]") : table_of(*samples);
      if (!print_line((screen ? "\033[H\033[J" : "") + text)) {
        return std::unexpected(Error{ErrorCode::Io, errno, "standard output takes no more"});
      }
      if (once_) return Answer{.whole = true};
    }
  }

 private:
  Result<std::vector<Sample>> take(Runtime& runtime) {
    const auto vms = ids_.find(runtime);
    if (!vms) return std::unexpected(vms.error());
    std::vector<Sample> samples;
    for (const Result<VmInfo>& vm : *vms) {
      if (!vm) return std::unexpected(vm.error());
      // Of those that were not named only what lives.
      if (!vm->vmm && ids_.words().empty()) continue;
      samples.push_back(sample_of(*vm));
    }
    for (Sample& sample : samples) compare(sample);
    before_.clear();
    for (const Sample& sample : samples) before_.emplace(sample.id, sample);
    return samples;
  }

  void compare(Sample& sample) const {
    const auto before = before_.find(sample.id);
    if (before == before_.end() || !before->second.vmm || !sample.vmm) return;
    const std::chrono::duration<double> used = sample.vmm->cpu - before->second.vmm->cpu;
    const std::chrono::duration<double> passed = sample.when - before->second.when;
    if (passed.count() > 0) sample.cpu_percent = 100 * std::max(0.0, used.count()) / passed.count();
  }

  const Context& context_;
  Ids ids_;
  bool once_ = false;
  std::string interval_;
  std::map<std::string, Sample> before_;
};

}  // namespace

void add_stats(CLI::App& parent, Context& context) {
  add_command<Stats>(parent, context, "stats", "Shows what VMs use of the processor and of memory",
                     "Examples:\n"
                     "  microvm stats\n"
                     "  microvm stats --no-stream --output json web-1");
}

}  // namespace microvm::cli
