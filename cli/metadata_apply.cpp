// `microvm metadata apply`: environment and secrets of a guest in one transaction.
#include <CLI/CLI.hpp>
#include <memory>

#include "cli/metadata_answers.h"
#include "cli/metadata_flags.h"
#include "cli/metadata_input.h"

namespace microvm::cli {
namespace {

struct Apply {
  Apply(CLI::App& command, Context& context);

  MetadataFlags flags;
  std::string json;
  std::string env_file;
  bool env_merge = false;
  std::string secrets_dir;
  bool secrets_replace = false;
  std::vector<std::string> deleted;
  std::optional<std::string> if_match;
  std::optional<std::string> epoch;

  [[nodiscard]] Result<metadata::Change> gather() const;
  [[nodiscard]] Result<Answer> run() const;
};

Apply::Apply(CLI::App& command, Context& context) : flags(command, context) {
  auto* const whole = command.add_option("--json", json, "All of it as a JSON document; - is standard input");
  auto* const env = command.add_option("--env-file", env_file, "Lines of KEY=VALUE; - is standard input");
  auto* const dir = command.add_option("--secrets-dir", secrets_dir, "Each file in it is a secret of its name");
  whole->type_name("FILE");
  env->type_name("FILE")->excludes(whole);
  dir->type_name("DIR")->excludes(whole);
  command.add_flag("--env-merge", env_merge, "Keep the other keys; an empty value deletes its key")->needs(env);
  command.add_flag("--secrets-replace", secrets_replace, "Delete the other secrets")->needs(dir);
  command.add_option("--delete", deleted, "A secret to delete; may be repeated")
      ->type_name("NAME")
      ->allow_extra_args(false)
      ->excludes(whole);
  add_if_match(command, if_match)->excludes(whole);
  command.add_option("--epoch", epoch, "Start from nothing unless this is the epoch in force")
      ->type_name("TEXT")
      ->excludes(whole);
}

Result<metadata::Change> Apply::gather() const {
  if (!json.empty()) return read_change(json, flags.deadline());
  metadata::Change change{.delete_secrets = deleted, .if_match = if_match, .epoch = epoch};
  if (!env_file.empty()) {
    auto env = read_env_file(env_file, flags.deadline());
    if (!env) return std::unexpected(std::move(env.error()));
    change.env = std::move(*env);
    if (env_merge) change.env_mode = metadata::EnvMode::Merge;
  }
  if (!secrets_dir.empty()) {
    auto secrets = read_secrets_dir(secrets_dir, flags.deadline());
    if (!secrets) return std::unexpected(std::move(secrets.error()));
    change.secrets = std::move(*secrets);
    if (secrets_replace) change.secrets_mode = metadata::SecretsMode::Replace;
  }
  if (env_file.empty() && secrets_dir.empty() && deleted.empty() && !epoch) {
    return std::unexpected(Error{
        ErrorCode::Invalid, 0, "nothing to apply: --json, --env-file, --secrets-dir, --delete or --epoch is required"});
  }
  return change;
}

Result<Answer> Apply::run() const {
  const auto change = gather();
  if (!change) return std::unexpected(change.error());
  if (auto checked = metadata::check_change(*change); !checked) return just_done(std::move(checked));
  return flags.ask([&](metadata::Client& client) { return answer_of(client.apply(*change)); });
}

}  // namespace

void add_metadata_apply(CLI::App& parent, Context& context) {
  CLI::App& command = *parent.add_subcommand("apply", "Changes environment and secrets at one instant, or not at all");
  command.footer(
      "Examples:\n"
      "  microvm metadata apply --uds /run/vm1/v.sock --env-file app.env --secrets-dir secrets/ --delete old-key\n"
      "  vault-to-json | microvm metadata apply --uds /run/vm1/v.sock --json -");
  auto apply = std::make_shared<Apply>(command, context);
  command.callback([&context, apply = std::move(apply)] { context.run = [apply] { return apply->run(); }; });
}

}  // namespace microvm::cli
