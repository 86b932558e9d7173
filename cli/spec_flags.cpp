#include "cli/spec_flags.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <filesystem>

#include "cli/duration.h"
#include "cli/input.h"
#include "cli/report.h"
#include "cli/vm_json.h"
#include "common/base/printable.h"

namespace microvm::cli {
namespace {

constexpr std::size_t kMaxSpec = 1U << 20U;

Result<std::string> absolute(const std::string& path) {
  std::error_code error;
  auto whole = std::filesystem::absolute(path, error);
  if (error || path.empty()) return invalid(fmt::format("\"{}\" is no path", printable(path, 256)));
  return whole.lexically_normal();
}

// `KEY=VALUE` in two; the message never quotes what may be a value that lost its key.
Result<std::pair<std::string, std::string>> parted(const std::string& entry, const char* flag, const char* form) {
  const std::size_t sign = entry.find('=');
  if (sign == 0 || sign == std::string::npos) return invalid(fmt::format("an entry of {} is no {}", flag, form));
  return std::pair(entry.substr(0, sign), entry.substr(sign + 1));
}

// Asking may take that long, ending by force is as it was.
void set_stop_timeout(std::vector<StopRung>& ladder, std::chrono::milliseconds timeout) {
  if (timeout.count() == 0) {
    std::erase_if(ladder, [](const StopRung& rung) { return rung.kind != StopRung::Kind::Kill; });
    return;
  }
  for (StopRung& rung : ladder) {
    if (rung.kind == StopRung::Kind::CtrlAltDel) rung.budget = timeout;
  }
}

}  // namespace

Result<ParsedSpec> read_spec(const std::string& path, bool strict) {
  const auto text = read_input(path, kMaxSpec, "are a spec", Deadline::at(Deadline::Clock::time_point::max()));
  if (!text) return std::unexpected(text.error());
  const auto whole = absolute(path == "-" ? "standard-input" : path);
  if (!whole) return std::unexpected(whole.error());
  return parse_spec(text->view(), {.name = path == "-" ? "standard input" : path,
                                   .base_dir = std::filesystem::path(*whole).parent_path(),
                                   .strict = strict});
}

SpecFlags::SpecFlags(CLI::App& command, Context& context) : context_(context) {
  auto* const config = command.add_option("--config", config_, "Firecracker's configuration file; - is standard input")
                           ->type_name("FILE");
  command.add_option("file", file_, "The same")->type_name("FILE")->excludes(config);
  command.add_option("--id,--name", id_, "The VM's id: [a-z0-9-]{1,63}")->type_name("NAME");
  command.add_option("-e,--env", env_, "Of the guest's environment, laid over --env-file; may be repeated")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
  command.add_option("--env-file", env_files_, "Lines of KEY=VALUE for the guest; may be repeated, the later wins")
      ->type_name("FILE")
      ->allow_extra_args(false);
  command.add_option("--secret", secrets_, "A secret for the guest and the file that holds it; may be repeated")
      ->type_name("NAME=FILE")
      ->allow_extra_args(false);
  command.add_option("--stop-timeout", stop_timeout_, "How long the guest may take to stop before it is killed")
      ->check(check_seconds)
      ->type_name("TIME");
  command.add_flag("--strict", strict_, "What is only a warning otherwise is an error");
  command.add_flag("--dry-run", dry_run_, "Print what would be done and do nothing");
  command.add_flag("-q,--quiet", quiet_, "No warnings, no progress, no times");
  add_output(command, context);
}

Result<void> SpecFlags::lay_over(Spec& spec) const {
  if (!id_.empty()) spec.id = id_;
  for (const std::string& entry : env_) {
    auto parts = parted(entry, "--env", "KEY=VALUE");
    if (!parts) return std::unexpected(std::move(parts.error()));
    spec.metadata.env.insert_or_assign(std::move(parts->first), std::move(parts->second));
  }
  for (const std::string& file : env_files_) {
    auto path = absolute(file);
    if (!path) return std::unexpected(std::move(path.error()));
    spec.metadata.env_files.push_back(std::move(*path));
  }
  for (const std::string& entry : secrets_) {
    auto parts = parted(entry, "--secret", "NAME=FILE");
    if (!parts) return std::unexpected(std::move(parts.error()));
    auto path = absolute(parts->second);
    if (!path) return std::unexpected(std::move(path.error()));
    spec.metadata.secrets.insert_or_assign(std::move(parts->first), std::move(*path));
  }
  if (!stop_timeout_.empty()) set_stop_timeout(spec.stop, *parse_seconds(stop_timeout_));
  return check_spec(spec);
}

Result<ParsedSpec> SpecFlags::parse() const {
  const std::string& path = config_.empty() ? file_ : config_;
  ParsedSpec parsed;
  if (path.empty()) {
    auto config = vm_config();
    if (!config) return std::unexpected(std::move(config.error()));
    parsed.spec.config = std::move(*config);
  } else {
    auto read = read_spec(path, strict_);
    if (!read) return read;
    parsed = std::move(*read);
  }
  if (auto laid = lay_over(parsed.spec); !laid) return std::unexpected(std::move(laid.error()));
  if (!quiet_) tell_warnings(parsed.warnings);
  return parsed;
}

Result<Answer> SpecFlags::tell_plan(const Spec& spec) const {
  const auto options = runtime_config(context_.flags);
  if (!options) return std::unexpected(options.error());
  const auto steps = context_.factories.plan(spec, *options);
  return steps ? Result<Answer>(answer_of(*steps)) : std::unexpected(steps.error());
}

Answer answer_of(const std::vector<PlanStep>& steps) {
  std::string text;
  for (const PlanStep& step : steps) {
    text += (text.empty() ? "" : "\n") + printable(step.name, 256);
    for (const std::string& action : step.actions) text += "\n  " + printable(action, 1U << 20U);
  }
  return {.text = std::move(text),
          .json = json_joined(
              "[", steps, [](const PlanStep& step) { return json_of(step); }, "]"),
          .whole = true};
}

void tell_warnings(const std::vector<std::string>& warnings) {
  for (const std::string& warning : warnings) tell("warning: " + warning);
}

}  // namespace microvm::cli
