// `microvm metadata ping`: waits until the daemon in a guest answers.
#include <CLI/CLI.hpp>
#include <memory>

#include "cli/metadata_flags.h"

namespace microvm::cli {

void add_metadata_ping(CLI::App& parent, Context& context) {
  CLI::App& command = *parent.add_subcommand("ping", "Waits until the daemon answers");
  command.footer("Example:\n  microvm metadata ping --uds /run/vm1/v.sock --timeout 30s");
  auto flags = std::make_shared<MetadataFlags>(command, context);
  command.callback([&context, flags = std::move(flags)] {
    context.run = [flags] { return flags->ask([](metadata::Client& client) { return just_done(client.ping()); }); };
  });
}

}  // namespace microvm::cli
