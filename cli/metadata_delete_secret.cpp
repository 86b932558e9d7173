// `microvm metadata delete-secret`: removes one secret of a guest.
#include <CLI/CLI.hpp>
#include <memory>

#include "cli/metadata_answers.h"
#include "cli/metadata_flags.h"

namespace microvm::cli {
namespace {

struct DeleteSecret {
  explicit DeleteSecret(CLI::App& command, Context& context) : flags(command, context) {
    command.add_option("name", name, "Name of the secret")->required()->type_name("NAME");
    add_if_match(command, if_match);
  }

  MetadataFlags flags;
  std::string name;
  std::optional<std::string> if_match;

  [[nodiscard]] Result<Answer> run() const;
};

Result<Answer> DeleteSecret::run() const {
  if (auto checked = metadata::check_change({.delete_secrets = {name}}); !checked) return just_done(std::move(checked));
  return flags.ask([this](metadata::Client& client) { return answer_of(client.delete_secret(name, if_match)); });
}

}  // namespace

void add_metadata_delete_secret(CLI::App& parent, Context& context) {
  CLI::App& command = *parent.add_subcommand("delete-secret", "Removes one secret file in the guest");
  command.footer("Example:\n  microvm metadata delete-secret --uds /run/vm1/v.sock tls-key");
  auto delete_secret = std::make_shared<DeleteSecret>(command, context);
  command.callback([&context, delete_secret = std::move(delete_secret)] {
    context.run = [delete_secret] { return delete_secret->run(); };
  });
}

}  // namespace microvm::cli
