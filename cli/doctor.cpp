// `microvm doctor`: whether this host can run microVMs, and what to do where it cannot.
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>

#include "cli/command.h"
#include "cli/json.h"
#include "cli/terminal.h"
#include "common/base/printable.h"

namespace microvm::cli {
namespace {

constexpr std::size_t kMaxLine = 1024;

std::string check_json(const Check& check) {
  return JsonObject()
      .add("name", check.name)
      .add("verdict", verdict_name(check.verdict))
      .add("seen", printable(check.seen, kMaxLine))
      .add("advice", printable(check.advice, kMaxLine))
      .text();
}

std::string checks_text(const std::vector<Check>& checks) {
  std::size_t width = 0;
  for (const Check& check : checks) width = std::max(width, check.name.size());
  const bool colors = has_colors(STDOUT_FILENO);
  std::string out;
  for (const Check& check : checks) {
    const std::string verdict(verdict_name(check.verdict));
    const std::string padding(5 - std::min<std::size_t>(5, verdict.size()), ' ');
    out += fmt::format("{}{}{}{:<{}}   {}", out.empty() ? "" : "\n", colors ? colored(verdict) : verdict, padding,
                       check.name, width, printable(check.seen, kMaxLine));
    if (!check.advice.empty()) out += fmt::format("\n{:{}}-> {}", "", width + 8, printable(check.advice, kMaxLine));
  }
  return out;
}

class Doctor {
 public:
  Doctor(CLI::App& command, Context& context) : context_(context) { add_output(command, context); }

  [[nodiscard]] Result<Answer> run() const {
    const auto options = runtime_config(context_.flags);
    if (!options) return std::unexpected(options.error());
    const auto checks = context_.factories.checks({.firecracker = options->firecracker,
                                                   .monitor = options->monitor,
                                                   .version = context_.version,
                                                   .state_dir = options->state_dir,
                                                   .run_dir = options->run_dir});
    const bool fails = std::ranges::any_of(checks, [](const Check& check) { return check.verdict == Verdict::Fail; });
    return Answer{.text = checks_text(checks),
                  .json = json_joined(
                      "[", checks, [](const Check& check) { return check_json(check); }, "]"),
                  .whole = true,
                  .exit = fails ? 1 : 0};
  }

 private:
  const Context& context_;
};

}  // namespace

void add_doctor(CLI::App& parent, Context& context) {
  add_command<Doctor>(parent, context, "doctor", "Tells whether this host can run microVMs, and what to do where not",
                      "Examples:\n"
                      "  microvm doctor\n"
                      "  microvm doctor --firecracker ./firecracker --output json");
}

}  // namespace microvm::cli
