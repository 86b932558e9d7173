// Completion for shells, made from the tree of commands.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace CLI {
class App;
}

namespace microvm::cli {

/// What may stand at a place of the command line.
struct Words {
  enum class Kind { None, File, Folder, Id, Fixed };
  Kind kind = Kind::None;
  std::vector<std::string> fixed{};  ///< of Fixed
};

struct FlagHelp {
  std::vector<std::string> names{};  ///< `-q`, `--quiet`
  std::string help{};
  bool takes_value = false;
  Words value{};
};

struct CommandHelp {
  std::string path;                                             ///< `metadata ping`; empty: of the program itself
  std::vector<std::pair<std::string, std::string>> commands{};  ///< below it, names and what they do
  std::vector<FlagHelp> flags{};  ///< its own, and those that may stand behind every command
  Words argument{};
};

/// Each command of the tree.
std::vector<CommandHelp> describe(const CLI::App& root);

std::string bash_completion(const std::vector<CommandHelp>& commands);
std::string zsh_completion(const std::vector<CommandHelp>& commands);
std::string fish_completion(const std::vector<CommandHelp>& commands);

}  // namespace microvm::cli
