// The `microvm` command line.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "microvm/doctor.h"
#include "microvm/runtime.h"

namespace microvm::cli {

/// What the commands work on; tests bring their own.
struct Factories {
  std::function<std::unique_ptr<Runtime>(RuntimeOptions)> runtime;
  std::function<Result<std::vector<PlanStep>>(const Spec&, const RuntimeOptions&)> plan;
  std::function<std::vector<Check>(const DoctorOptions&)> checks;
};

/// Runs the command that `argv` names; answers the exit code: the table of docs/commands.md.
int run(int argc, const char* const* argv, const std::string& version, const Factories& factories);

}  // namespace microvm::cli
