// What a subcommand is: it adds itself to its parent, and says in `Context` what to do once it was chosen.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "cli/cli.h"
#include "cli/config.h"
#include "common/base/deadline.h"
#include "microvm/error.h"
#include "microvm/runtime.h"

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace microvm::cli {

/// What a command tells beyond that it is done.
struct Answer {
  std::string text{};  ///< stands right behind `<command>: ok in 1.9 ms`
  std::string json{};  ///< further members of the object, each behind a comma
  /// The two are all of the output, an empty one none at all: nothing stands before them.
  bool whole = false;
  int exit = 0;
};

inline Result<Answer> just_done(Result<void> result) {
  return result ? Result<Answer>(Answer()) : std::unexpected(std::move(result.error()));
}

inline std::unexpected<Error> invalid(std::string message) {
  return std::unexpected(Error{ErrorCode::Invalid, 0, std::move(message)});
}

struct Context {
  const Factories& factories;
  const std::string& version;
  const CLI::App* root = nullptr;  ///< all commands
  Deadline::Clock::time_point started = Deadline::Clock::now();
  RuntimeFlags flags{};
  std::function<Result<Answer>()> run{};      ///< set once a command was chosen
  std::vector<const CLI::Option*> outputs{};  ///< the --output options of all commands

  [[nodiscard]] bool json() const;  ///< --output json was given
  /// The runtime that flags and environment describe. Its notices go to standard error.
  using BeforeStep = std::function<Result<void>(std::string_view id, std::string_view step)>;
  [[nodiscard]] Result<std::unique_ptr<Runtime>> runtime(BeforeStep before_step = {}) const;
};

/// `--output text|json`.
void add_output(CLI::App& command, Context& context);
/// The flags that say where VMs and programs are.
void add_runtime_flags(CLI::App& app, RuntimeFlags& flags);

/// A command without subcommands.
CLI::App& add_leaf(CLI::App& parent, const char* name, const char* help, const char* examples);
void when_chosen(CLI::App& command, Context& context, std::function<Result<Answer>()> run);

/// A command that is a struct: made of (CLI::App&, Context&), which adds its flags; `run()` does it.
template <class Command>
void add_command(CLI::App& parent, Context& context, const char* name, const char* help, const char* examples) {
  CLI::App& app = add_leaf(parent, name, help, examples);
  auto command = std::make_shared<Command>(app, context);
  when_chosen(app, context, [command = std::move(command)] { return command->run(); });
}

using AddCommand = void (*)(CLI::App& parent, Context& context);

// One for each file of the same name.
void add_completion(CLI::App& parent, Context& context);
void add_console(CLI::App& parent, Context& context);
void add_create(CLI::App& parent, Context& context);
void add_doctor(CLI::App& parent, Context& context);
void add_events(CLI::App& parent, Context& context);
void add_gc(CLI::App& parent, Context& context);
void add_inspect(CLI::App& parent, Context& context);
void add_kill(CLI::App& parent, Context& context);
void add_logs(CLI::App& parent, Context& context);
void add_metadata(CLI::App& parent, Context& context);
void add_metadata_apply(CLI::App& parent, Context& context);
void add_metadata_delete_secret(CLI::App& parent, Context& context);
void add_metadata_info(CLI::App& parent, Context& context);
void add_metadata_ping(CLI::App& parent, Context& context);
void add_metadata_set_env(CLI::App& parent, Context& context);
void add_metadata_set_secret(CLI::App& parent, Context& context);
void add_metadata_stat(CLI::App& parent, Context& context);
void add_metadata_wait(CLI::App& parent, Context& context);
void add_metadata_wipe(CLI::App& parent, Context& context);
void add_pause(CLI::App& parent, Context& context);
void add_ps(CLI::App& parent, Context& context);
void add_resume(CLI::App& parent, Context& context);
void add_rm(CLI::App& parent, Context& context);
void add_run(CLI::App& parent, Context& context);
void add_spec(CLI::App& parent, Context& context);
void add_start(CLI::App& parent, Context& context);
void add_stats(CLI::App& parent, Context& context);
void add_stop(CLI::App& parent, Context& context);
void add_version(CLI::App& parent, Context& context);
void add_wait(CLI::App& parent, Context& context);

/// Every command, in the order of the help text.
void add_commands(CLI::App& root, Context& context);

}  // namespace microvm::cli
