// One small process per VM: parent of its VMM, keeper of its console, log, metrics and end.
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "host/monitor/options.h"
#include "host/monitor/run.h"

int main(int argc, char** argv) {
  using namespace microvm::monitor;
  constexpr int kExitUsage = 2;
  const auto options = parse_options({argv + 1, static_cast<std::size_t>(argc > 0 ? argc - 1 : 0)});
  if (!options) {
    std::fprintf(stderr, "microvm-monitor: %s\n%s", options.error().c_str(), kUsage);
    return kExitUsage;
  }
  switch (options->action) {
    case Options::Action::ShowHelp:
      std::fputs(kUsage, stdout);
      return EXIT_SUCCESS;
    case Options::Action::ShowVersion:
      std::puts("microvm-monitor " MICROVM_VERSION);
      return EXIT_SUCCESS;
    case Options::Action::Start:
    case Options::Action::Adopt:
      break;
  }
  return run(*options, environ);
}
