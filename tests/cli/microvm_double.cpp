// The `microvm` command over the double. Its environment says how: MICROVM_DOUBLE is the script of its guests,
// MICROVM_DOUBLE_BUSY how often their stop is refused, MICROVM_DOUBLE_GATE the file that create waits for,
// MICROVM_DOUBLE_RUNNING a VM that runs already, and MICROVM_DOUBLE_CALLS the file that gets what was called.
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "cli/cli.h"
#include "tests/cli/double_runtime.h"

namespace {

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

}  // namespace

int main(int argc, char** argv) {
  std::istringstream lines(variable("MICROVM_DOUBLE"));
  microvm::test::Script script;
  for (std::string line; std::getline(lines, line);) script.push_back(line);
  microvm::test::DoubleHost host(script);
  host.make_busy(std::atoi(variable("MICROVM_DOUBLE_BUSY").c_str()));
  host.hold_create(variable("MICROVM_DOUBLE_GATE"));
  const std::string running = variable("MICROVM_DOUBLE_RUNNING");
  const int exit = microvm::cli::run(
      argc, argv, "0.0.0",
      {.runtime =
           [&](microvm::RuntimeOptions options) {
             if (!running.empty()) {
               host.add(
                   {.id = running, .state = microvm::VmState::Running, .run_dir = options.run_dir + "/" + running});
             }
             return host.runtime(std::move(options));
           },
       .plan = microvm::test::double_plan,
       .checks = microvm::run_checks});
  std::ofstream calls(variable("MICROVM_DOUBLE_CALLS"));
  for (const std::string& call : host.calls()) calls << call << '\n';
  return exit;
}
