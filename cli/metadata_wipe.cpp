// `microvm metadata wipe`: empties a guest's environment and removes all its secrets.
#include <CLI/CLI.hpp>
#include <memory>

#include "cli/metadata_answers.h"
#include "cli/metadata_flags.h"

namespace microvm::cli {
namespace {

struct Wipe {
  explicit Wipe(CLI::App& command, Context& context) : flags(command, context) { add_if_match(command, if_match); }

  MetadataFlags flags;
  std::optional<std::string> if_match;

  [[nodiscard]] Result<Answer> run() const {
    return flags.ask([this](metadata::Client& client) { return answer_of(client.wipe(if_match)); });
  }
};

}  // namespace

void add_metadata_wipe(CLI::App& parent, Context& context) {
  CLI::App& command =
      *parent.add_subcommand("wipe", "Empties the environment and removes all secrets, overwriting them; asks nothing");
  command.footer("Example:\n  microvm metadata wipe --uds /run/vm1/v.sock");
  auto wipe = std::make_shared<Wipe>(command, context);
  command.callback([&context, wipe = std::move(wipe)] { context.run = [wipe] { return wipe->run(); }; });
}

}  // namespace microvm::cli
