// `microvm metadata`: what can be asked of the daemon in a guest.
#include <CLI/CLI.hpp>

#include "cli/command.h"

namespace microvm::cli {
namespace {

constexpr AddCommand kMetadataCommands[] = {add_metadata_ping,       add_metadata_wait,  add_metadata_set_env,
                                            add_metadata_set_secret, add_metadata_apply, add_metadata_delete_secret,
                                            add_metadata_wipe,       add_metadata_stat,  add_metadata_info};

}  // namespace

void add_metadata(CLI::App& parent, Context& context) {
  CLI::App& group = *parent.add_subcommand("metadata", "Hands a running guest its environment and secrets");
  group.require_subcommand(1);
  group.footer("Example:\n  microvm metadata set-env --uds /run/vm1/v.sock LANG=C.UTF-8");
  for (const AddCommand add : kMetadataCommands) add(group, context);
}

}  // namespace microvm::cli
