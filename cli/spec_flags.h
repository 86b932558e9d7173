// What `create` and `run` share: the spec of the VM, from a file and from flags.
#pragma once

#include <string>
#include <vector>

#include "cli/command.h"
#include "microvm/spec.h"

namespace microvm::cli {

/// A spec file, `-` for standard input, with a path relative to here.
Result<ParsedSpec> read_spec(const std::string& path, bool strict);

class SpecFlags {
 public:
  SpecFlags(CLI::App& command, Context& context);

  /// With all that was given laid over it.
  [[nodiscard]] Result<ParsedSpec> parse() const;
  [[nodiscard]] bool dry_run() const noexcept { return dry_run_; }
  [[nodiscard]] bool quiet() const noexcept { return quiet_; }
  /// The plan of --dry-run.
  [[nodiscard]] Result<Answer> tell_plan(const Spec& spec) const;

 private:
  Result<void> lay_over(Spec& spec) const;

  const Context& context_;
  std::string file_, config_, id_, stop_timeout_;
  std::vector<std::string> env_, env_files_, secrets_;
  bool strict_ = false, dry_run_ = false, quiet_ = false;
};

/// The steps, for people or as JSON.
Answer answer_of(const std::vector<PlanStep>& steps);
void tell_warnings(const std::vector<std::string>& warnings);

}  // namespace microvm::cli
