#include <CLI/CLI.hpp>
#include <algorithm>

#include "cli/completion.h"

namespace microvm::cli {
namespace {

constexpr auto kAll = [](const auto*) { return true; };

// `FORM:{text,json}`: a type, and what it may be.
Words words_of(const CLI::Option& option) {
  const std::string type = option.get_type_name();
  const std::size_t open = type.find('{');
  const std::size_t close = type.find('}');
  if (open < close && close != type.npos) {
    return {.kind = Words::Kind::Fixed, .fixed = CLI::detail::split(type.substr(open + 1, close - open - 1), ',')};
  }
  const std::string name = type.substr(0, type.find(':'));
  if (name == "FILE" || name == "PATH") return {.kind = Words::Kind::File};
  if (name == "DIR") return {.kind = Words::Kind::Folder};
  if (name == "ID") return {.kind = Words::Kind::Id};
  return {};
}

FlagHelp flag_of(const CLI::Option& option) {
  FlagHelp flag{.help = option.get_description(), .takes_value = option.get_items_expected_max() > 0};
  for (const std::string& name : option.get_snames()) flag.names.push_back("-" + name);
  for (const std::string& name : option.get_lnames()) flag.names.push_back("--" + name);
  if (flag.takes_value) flag.value = words_of(option);
  return flag;
}

void add_flags(CommandHelp& command, const CLI::App& app) {
  for (const CLI::Option* option : app.get_options(kAll)) {
    if (option->nonpositional()) {
      command.flags.push_back(flag_of(*option));
    } else {
      command.argument = words_of(*option);
    }
  }
}

void add_all(std::vector<CommandHelp>& out, const CLI::App& root, const CLI::App& app, const std::string& path) {
  CommandHelp command{.path = path};
  add_flags(command, app);
  if (&app != &root) {
    const std::vector<std::string> everywhere = {"--help", "--version"};
    for (const CLI::Option* option : root.get_options(kAll)) {
      FlagHelp flag = flag_of(*option);
      if (!std::ranges::count(everywhere, flag.names.back())) command.flags.push_back(std::move(flag));
    }
  }
  for (const CLI::App* below : app.get_subcommands(kAll)) {
    command.commands.emplace_back(below->get_name(), below->get_description());
    for (const std::string& alias : below->get_aliases())
      command.commands.emplace_back(alias, below->get_description());
  }
  out.push_back(std::move(command));
  for (const CLI::App* below : app.get_subcommands(kAll)) {
    const std::string prefix = path.empty() ? "" : path + " ";
    add_all(out, root, *below, prefix + below->get_name());
    for (const std::string& alias : below->get_aliases()) {
      CommandHelp same = out.back();
      same.path = prefix + alias;
      out.push_back(std::move(same));
    }
  }
}

}  // namespace

std::vector<CommandHelp> describe(const CLI::App& root) {
  std::vector<CommandHelp> out;
  add_all(out, root, root, "");
  return out;
}

}  // namespace microvm::cli
