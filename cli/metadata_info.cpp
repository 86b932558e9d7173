// `microvm metadata info`: what a daemon is, what it allows and what it has seen.
#include <CLI/CLI.hpp>
#include <memory>

#include "cli/metadata_answers.h"
#include "cli/metadata_flags.h"

namespace microvm::cli {

void add_metadata_info(CLI::App& parent, Context& context) {
  CLI::App& command = *parent.add_subcommand("info", "Tells the daemon's version, limits, confinement and counters");
  command.footer("Example:\n  microvm metadata info --uds /run/vm1/v.sock");
  auto flags = std::make_shared<MetadataFlags>(command, context);
  command.callback([&context, flags = std::move(flags)] {
    context.run = [flags] { return flags->ask([](metadata::Client& client) { return answer_of(client.info()); }); };
  });
}

}  // namespace microvm::cli
