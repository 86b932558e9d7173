// The `microvm` command.
#include <cstdio>
#include <exception>

#include "cli/cli.h"

int main(int argc, char** argv) {
  try {
    return microvm::cli::run(
        argc, argv, MICROVM_VERSION,
        {.runtime = microvm::make_firecracker_runtime, .plan = microvm::plan, .checks = microvm::run_checks});
  } catch (const std::exception& error) {
    // Out of memory is all that is left: every expected failure is a value.
    std::fprintf(stderr, "microvm: io: %s\n", error.what());
    return 2;
  }
}
