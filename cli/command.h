// What a subcommand is: it adds itself to its parent, and says in `Context` what to do once it was chosen.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "common/base/deadline.h"
#include "microvm/error.h"

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace microvm::cli {

/// What a command tells beyond that it is done.
struct Answer {
  std::string text;  ///< stands right behind `<command>: ok in 1.9 ms`
  std::string json;  ///< further members of the object, each behind a comma
};

inline Result<Answer> just_done(Result<void> result) {
  return result ? Result<Answer>(Answer()) : std::unexpected(std::move(result.error()));
}

struct Context {
  Deadline::Clock::time_point started = Deadline::Clock::now();
  std::function<Result<Answer>()> run;      ///< set once a command was chosen
  std::vector<const CLI::Option*> outputs;  ///< the --output options of all commands
};

using AddCommand = void (*)(CLI::App& parent, Context& context);

// One for each file of the same name.
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

}  // namespace microvm::cli
