// `microvm metadata set-secret`: one secret of a guest, from a file or standard input and never from an argument.
#include <CLI/CLI.hpp>
#include <memory>

#include "cli/input.h"
#include "cli/metadata_flags.h"

namespace microvm::cli {
namespace {

// What base64 makes of more is longer than a request, whatever the name; the exact bound is checked later.
constexpr std::size_t kMaxSecret = metadata::kMaxRequestBytes / 4 * 3;

struct SetSecret {
  explicit SetSecret(CLI::App& command, Context& context) : flags(command, context) {
    command.add_option("name", name, "Name of the secret: [A-Za-z0-9_-]+")->required()->type_name("NAME");
    command.add_option("--from-file", file, "File that holds the value; - is standard input")
        ->required()
        ->type_name("FILE");
  }

  MetadataFlags flags;
  std::string name;
  std::string file;

  [[nodiscard]] Result<Answer> run() const;
};

Result<Answer> SetSecret::run() const {
  // The name first: nobody shall type a secret only to learn that its name is bad.
  if (auto checked = metadata::check_secret(name, {}); !checked) return just_done(std::move(checked));
  const auto secret = read_input(file, kMaxSecret, "fit one request", flags.deadline());
  if (!secret) return std::unexpected(secret.error());
  const auto value = std::as_bytes(std::span(secret->view()));
  if (auto checked = metadata::check_secret(name, value); !checked) return just_done(std::move(checked));
  return flags.ask([&](metadata::Client& client) { return just_done(client.set_secret(name, value)); });
}

}  // namespace

void add_metadata_set_secret(CLI::App& parent, Context& context) {
  CLI::App& command = *parent.add_subcommand("set-secret", "Writes one secret file in the guest");
  command.footer(
      "Examples:\n"
      "  microvm metadata set-secret --uds /run/vm1/v.sock tls-key --from-file key.pem\n"
      "  pass show db | microvm metadata set-secret --uds /run/vm1/v.sock db --from-file -");
  auto set_secret = std::make_shared<SetSecret>(command, context);
  command.callback(
      [&context, set_secret = std::move(set_secret)] { context.run = [set_secret] { return set_secret->run(); }; });
}

}  // namespace microvm::cli
