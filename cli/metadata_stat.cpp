// `microvm metadata stat`: what a guest holds, by name.
#include <CLI/CLI.hpp>
#include <memory>

#include "cli/metadata_answers.h"
#include "cli/metadata_flags.h"

namespace microvm::cli {

void add_metadata_stat(CLI::App& parent, Context& context) {
  CLI::App& command = *parent.add_subcommand("stat", "Lists env keys and secrets with size and time; never a value");
  command.footer("Example:\n  microvm metadata stat --uds /run/vm1/v.sock");
  auto flags = std::make_shared<MetadataFlags>(command, context);
  command.callback([&context, flags = std::move(flags)] {
    context.run = [flags] { return flags->ask([](metadata::Client& client) { return answer_of(client.stat()); }); };
  });
}

}  // namespace microvm::cli
