// The scripts: each finds the command that was typed so far, then what may stand behind it.
#include <fmt/format.h>

#include "cli/completion.h"

namespace microvm::cli {
namespace {

using Kind = Words::Kind;

// In single quotes, as bash and zsh read them.
std::string shell_quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? "'\\''" : std::string(1, c);
  return out + "'";
}

// fish reads a backslash there, too.
std::string fish_quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') out += '\\';
    out += c;
  }
  return out + "'";
}

template <class Items, class Write>
std::string lines_of(const Items& items, Write write) {
  std::string out;
  for (const auto& item : items) out += write(item);
  return out;
}

std::string spaced(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : " ") + word;
  return out;
}

// What a word leads to, as the path of another command.
std::string path_below(const CommandHelp& command, const std::string& name) {
  return command.path.empty() ? name : command.path + " " + name;
}

// Branches of a `case` over what was typed and the next word: those that lead to another command.
std::string steps_of(const std::vector<CommandHelp>& commands) {
  return lines_of(commands, [&](const CommandHelp& command) {
    return lines_of(command.commands, [&](const auto& below) {
      return fmt::format("      {}) at={} ;;\n", shell_quoted(command.path + ":" + below.first),
                         shell_quoted(path_below(command, below.first)));
    });
  });
}

// Branches over a command and the flag before the cursor that takes a value.
template <class Write>
std::string values_of(const std::vector<CommandHelp>& commands, Write write) {
  return lines_of(commands, [&](const CommandHelp& command) {
    return lines_of(command.flags, [&](const FlagHelp& flag) {
      if (!flag.takes_value) return std::string();
      std::string patterns;
      for (const std::string& name : flag.names) {
        patterns += (patterns.empty() ? "" : "|") + shell_quoted(command.path + ":" + name);
      }
      return fmt::format("    {}) {}; return ;;\n", patterns, write(flag.value));
    });
  });
}

std::string bash_words(const Words& words) {
  switch (words.kind) {
    case Kind::File:
      return R"sh(COMPREPLY=($(compgen -f -- "$cur")))sh";
    case Kind::Folder:
      return R"sh(COMPREPLY=($(compgen -d -- "$cur")))sh";
    case Kind::Id:
      return R"sh(COMPREPLY=($(compgen -W "$("${COMP_WORDS[0]}" ps -aq 2>/dev/null)" -- "$cur")))sh";
    case Kind::Fixed:
      return fmt::format(R"sh(COMPREPLY=($(compgen -W {} -- "$cur")))sh", shell_quoted(spaced(words.fixed)));
    case Kind::None:
      return "COMPREPLY=()";
  }
  return {};
}

std::string bash_command(const CommandHelp& command) {
  std::vector<std::string> flags;
  std::vector<std::string> below;
  for (const FlagHelp& flag : command.flags) flags.insert(flags.end(), flag.names.begin(), flag.names.end());
  for (const auto& [name, help] : command.commands) below.push_back(name);
  const Words words = below.empty() ? command.argument : Words{.kind = Kind::Fixed, .fixed = below};
  return fmt::format("    {}) flags={}; [[ $cur == -* ]] || {} ;;\n", shell_quoted(command.path),
                     shell_quoted(spaced(flags)), bash_words(words));
}

std::string zsh_words(const Words& words) {
  switch (words.kind) {
    case Kind::File:
      return "_files";
    case Kind::Folder:
      return "_files -/";
    case Kind::Id:
      return "_microvm_ids";
    case Kind::Fixed:
      return "compadd -- " + spaced(words.fixed);
    case Kind::None:
      return "_message value";
  }
  return {};
}

// `name:help`, where a colon of the name would end it.
std::string zsh_item(const std::string& name, const std::string& help) { return " " + shell_quoted(name + ":" + help); }

std::string zsh_command(const CommandHelp& command) {
  const std::string flags = lines_of(command.flags, [](const FlagHelp& flag) {
    return lines_of(flag.names, [&](const std::string& name) { return zsh_item(name, flag.help); });
  });
  const std::string below =
      lines_of(command.commands, [](const auto& item) { return zsh_item(item.first, item.second); });
  const std::string words = command.argument.kind == Kind::None ? ":" : zsh_words(command.argument);
  return fmt::format("    {})\n      flags=({})\n      below=({})\n      [[ $PREFIX == -* ]] || {} ;;\n",
                     shell_quoted(command.path), flags, below, below.empty() ? words : "_describe command below");
}

std::string fish_words(const Words& words) {
  switch (words.kind) {
    case Kind::File:
      return "-F ";
    case Kind::Folder:
      return "-a '(__fish_complete_directories)' ";
    case Kind::Id:
      return "-a '(microvm ps -aq 2>/dev/null)' ";
    case Kind::Fixed:
      return fmt::format("-a {} ", fish_quoted(spaced(words.fixed)));
    case Kind::None:
      return {};
  }
  return {};
}

std::string fish_steps(const CommandHelp& command) {
  return lines_of(command.commands, [&](const auto& below) {
    return fmt::format("      case {}\n        set at {}\n", fish_quoted(command.path + ":" + below.first),
                       fish_quoted(path_below(command, below.first)));
  });
}

std::string fish_command(const CommandHelp& command) {
  const std::string here = fmt::format("complete -c microvm -n '__microvm_at \"{}\"' ", command.path);
  std::string out = lines_of(command.flags, [&](const FlagHelp& flag) {
    std::string names;
    for (const std::string& name : flag.names) {
      names += name.starts_with("--") ? fmt::format("-l {} ", name.substr(2)) : fmt::format("-s {} ", name.substr(1));
    }
    return here + names + (flag.takes_value ? "-x " + fish_words(flag.value) : "") +
           fmt::format("-d {}\n", fish_quoted(flag.help));
  });
  out += lines_of(command.commands, [&](const auto& below) {
    return fmt::format("{}-a {} -d {}\n", here, below.first, fish_quoted(below.second));
  });
  if (command.argument.kind != Kind::None) out += here + fish_words(command.argument) + "\n";
  return out;
}

}  // namespace

std::string bash_completion(const std::vector<CommandHelp>& commands) {
  return fmt::format(
      R"sh(# bash completion for microvm; made by `microvm completion bash`.
_microvm() {{
  local cur=${{COMP_WORDS[COMP_CWORD]}} prev=${{COMP_WORDS[COMP_CWORD-1]}} at='' flags='' i
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "$at:${{COMP_WORDS[i]}}" in
{}    esac
  done
  case "$at:$prev" in
{}  esac
  case "$at" in
{}  esac
  if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W "$flags" -- "$cur")); fi
}}
complete -o filenames -F _microvm microvm)sh",
      steps_of(commands), values_of(commands, bash_words), lines_of(commands, bash_command));
}

std::string zsh_completion(const std::vector<CommandHelp>& commands) {
  return fmt::format(
      R"sh(#compdef microvm
# zsh completion for microvm; made by `microvm completion zsh`.
_microvm_ids() {{
  local -a ids
  ids=(${{(f)"$(microvm ps -aq 2>/dev/null)"}})
  _describe VM ids
}}
_microvm() {{
  local at='' i
  local -a flags below
  for ((i = 2; i < CURRENT; i++)); do
    case "$at:$words[i]" in
{}    esac
  done
  case "$at:$words[CURRENT-1]" in
{}  esac
  case "$at" in
{}  esac
  [[ $PREFIX == -* ]] && _describe -o flag flags
}}
if [[ $funcstack[1] == _microvm ]]; then _microvm "$@"; else compdef _microvm microvm; fi)sh",
      steps_of(commands), values_of(commands, zsh_words), lines_of(commands, zsh_command));
}

std::string fish_completion(const std::vector<CommandHelp>& commands) {
  return fmt::format(
      R"sh(# fish completion for microvm; made by `microvm completion fish`.
function __microvm_at
  set -l at ''
  for word in (commandline -opc)[2..-1]
    switch "$at:$word"
{}    end
  end
  test "$at" = "$argv[1]"
end
complete -c microvm -f
{})sh",
      lines_of(commands, fish_steps), lines_of(commands, fish_command));
}

}  // namespace microvm::cli
