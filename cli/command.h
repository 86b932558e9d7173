// What a subcommand is: it adds itself to its parent, and says in `Context` what to do once it was chosen.
#pragma once

#include <functional>
#include <vector>

#include "common/base/deadline.h"
#include "microvm/error.h"

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace microvm::cli {

struct Context {
  Deadline::Clock::time_point started = Deadline::Clock::now();
  std::function<Result<void>()> run;        ///< set once a command was chosen
  std::vector<const CLI::Option*> outputs;  ///< the --output options of all commands
};

using AddCommand = void (*)(CLI::App& parent, Context& context);

// One for each file of the same name.
void add_metadata(CLI::App& parent, Context& context);
void add_metadata_ping(CLI::App& parent, Context& context);
void add_metadata_set_env(CLI::App& parent, Context& context);
void add_metadata_set_secret(CLI::App& parent, Context& context);

}  // namespace microvm::cli
