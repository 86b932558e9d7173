#include "cli/cli.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>

#include "cli/command.h"
#include "cli/report.h"

namespace microvm::cli {
namespace {

// The command that was chosen, as deep as it was understood.
const CLI::App& chosen(const CLI::App& app) {
  const auto below = app.get_subcommands();
  return below.empty() ? app : chosen(*below.front());
}

std::string full_name(const CLI::App& app) {
  return app.get_parent() == nullptr ? app.get_name() : full_name(*app.get_parent()) + " " + app.get_name();
}

// Names flags and commands, but no other word: it may be a secret, which has no place on a command line.
std::string unexpected_word(const std::string& word, bool is_command) {
  if (word.starts_with("--")) return fmt::format("unknown flag {}", word.substr(0, word.find('=')));
  if (is_command) return fmt::format("unknown command {}", word);
  return "an argument too many (a secret is never one: see --from-file)";
}

Error usage_error(const CLI::App& app, const CLI::ParseError& error) {
  const CLI::App& command = chosen(app);
  const auto words = app.remaining(true);
  const bool group = command.get_require_subcommand_min() > 0;
  const bool unexpected = !words.empty() && (group || dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr);
  std::string what = unexpected ? unexpected_word(words.front(), group) : error.what();
  std::ranges::replace(what, '\n', ' ');
  return {ErrorCode::Invalid, 0, fmt::format("{}; see `{} --help`", what, full_name(command))};
}

}  // namespace

int run(int argc, const char* const* argv, const std::string& version, const Factories& factories) {
  Context context{.factories = factories, .version = version};
  CLI::App app("Drives Firecracker microVMs.", "microvm");
  add_commands(app, context);
  Result<Answer> result;
  try {
    app.parse(argc, argv);
    result = context.run();
  } catch (const CLI::Success& help_or_version) {
    return app.exit(help_or_version);
  } catch (const CLI::ParseError& error) {
    result = std::unexpected(usage_error(app, error));
  }
  return report(chosen(app).get_name(), context, result);
}

}  // namespace microvm::cli
