// `microvm metadata set-env`: the environment of a guest, from arguments and a file.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "cli/metadata_flags.h"
#include "cli/metadata_input.h"

namespace microvm::cli {
namespace {

struct SetEnv {
  explicit SetEnv(CLI::App& command, Context& context) : flags(command, context) {
    command.add_option("entries", entries, "KEY=VALUE, laid over what the file has")->type_name("");
    command.add_option("--from-file", file, "Lines of KEY=VALUE; - is standard input")->type_name("FILE");
    command.add_flag("--merge", merge, "Keep the other keys; an empty value deletes its key");
  }

  MetadataFlags flags;
  std::vector<std::string> entries;
  std::string file;
  bool merge = false;

  [[nodiscard]] Result<metadata::Env> gather() const;
  [[nodiscard]] Result<Answer> run() const;
};

Result<metadata::Env> SetEnv::gather() const {
  // Nothing at all would empty the guest's environment by accident.
  if (entries.empty() && file.empty()) return invalid("nothing to set: KEY=VALUE or --from-file is required");
  Result<metadata::Env> env;
  if (!file.empty()) env = read_env_file(file, flags.deadline());
  for (std::size_t i = 0; env && i < entries.size(); ++i) {
    const std::size_t sign = entries[i].find('=');
    // Not quoted: it may be a value that lost its key.
    if (sign == std::string::npos) return invalid(fmt::format("argument {} of set-env is no KEY=VALUE", i + 1));
    env->insert_or_assign(entries[i].substr(0, sign), entries[i].substr(sign + 1));
  }
  return env;
}

Result<Answer> SetEnv::run() const {
  const auto mode = merge ? metadata::EnvMode::Merge : metadata::EnvMode::Replace;
  const auto env = gather();
  if (!env) return std::unexpected(env.error());
  if (auto checked = metadata::check_env(*env, mode); !checked) return just_done(std::move(checked));
  return flags.ask([&](metadata::Client& client) { return just_done(client.set_env(*env, mode)); });
}

}  // namespace

void add_metadata_set_env(CLI::App& parent, Context& context) {
  CLI::App& command = *parent.add_subcommand("set-env", "Replaces the guest's environment, or merges into it");
  command.footer(
      "Examples:\n"
      "  microvm metadata set-env --uds /run/vm1/v.sock LANG=C.UTF-8 TZ=UTC\n"
      "  microvm metadata set-env --uds /run/vm1/v.sock --merge --from-file app.env DEBUG=");
  auto set_env = std::make_shared<SetEnv>(command, context);
  command.callback([&context, set_env = std::move(set_env)] { context.run = [set_env] { return set_env->run(); }; });
}

}  // namespace microvm::cli
