// `microvm metadata wait`: until the daemon in a guest answers, whatever befalls the connection.
#include <CLI/CLI.hpp>
#include <memory>

#include "cli/metadata_flags.h"

namespace microvm::cli {

void add_metadata_wait(CLI::App& parent, Context& context) {
  CLI::App& command =
      *parent.add_subcommand("wait", "Waits until the daemon answers, dialling anew when a connection is lost");
  command.footer("Example:\n  microvm metadata wait --uds /run/vm1/v.sock --timeout 60s");
  auto flags = std::make_shared<MetadataFlags>(command, context);
  command.callback([&context, flags = std::move(flags)] {
    context.run = [flags]() -> Result<Answer> {
      const auto where = flags->reach();
      if (!where) return std::unexpected(where.error());
      return just_done(metadata::wait_until_answered(where->endpoint, where->options));
    };
  });
}

}  // namespace microvm::cli
