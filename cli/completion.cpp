// `microvm completion`: what a shell needs to complete this command.
#include "cli/completion.h"

#include <CLI/CLI.hpp>

#include "cli/command.h"

namespace microvm::cli {
namespace {

class Completion {
 public:
  Completion(CLI::App& command, Context& context) : context_(context) {
    command.add_option("shell", shell_, "bash, zsh or fish")
        ->required()
        ->check(CLI::IsMember({"bash", "zsh", "fish"}))
        ->type_name("SHELL");
  }

  [[nodiscard]] Result<Answer> run() const {
    const auto commands = describe(*context_.root);
    if (shell_ == "bash") return Answer{.text = bash_completion(commands), .whole = true};
    if (shell_ == "zsh") return Answer{.text = zsh_completion(commands), .whole = true};
    return Answer{.text = fish_completion(commands), .whole = true};
  }

 private:
  const Context& context_;
  std::string shell_;
};

}  // namespace

void add_completion(CLI::App& parent, Context& context) {
  add_command<Completion>(parent, context, "completion", "Prints what completes this command in a shell, with ids",
                          "Examples:\n"
                          "  microvm completion bash >/etc/bash_completion.d/microvm\n"
                          "  microvm completion zsh >\"${fpath[1]}/_microvm\"\n"
                          "  microvm completion fish >~/.config/fish/completions/microvm.fish");
}

}  // namespace microvm::cli
