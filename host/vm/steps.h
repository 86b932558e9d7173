// A plan of steps of one kind. Applied in order; when one fails, what was done is undone in reverse.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "microvm/error.h"

namespace microvm::vm {

struct Step {
  std::string name;
  std::vector<std::string> actions;  ///< for people: what it is about to do
  std::function<Result<void>()> run;
  /// Gives back what the step took, also what a failed `run` took before it failed; what is not there is no error.
  std::function<Result<void>()> undo;
};

struct Undone {
  Error error;            ///< of the step that failed; `Error::step` names it
  std::string left = {};  ///< what could not be undone; empty: nothing is left
};

using BeforeStep = std::function<Result<void>(std::string_view step)>;

std::expected<void, Undone> apply_steps(const std::vector<Step>& steps, const BeforeStep& before);

}  // namespace microvm::vm
