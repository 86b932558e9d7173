#include "host/vm/steps.h"

#include <fmt/format.h>

namespace microvm::vm {
namespace {

// From the failed step on, backwards.
std::string undo_from(const std::vector<Step>& steps, std::size_t failed) {
  std::string left;
  for (std::size_t i = failed + 1; i-- > 0;) {
    if (!steps[i].undo) continue;
    if (auto undone = steps[i].undo(); !undone)
      left += fmt::format("{}{}: {}", left.empty() ? "" : "; ", steps[i].name, undone.error().message);
  }
  return left;
}

}  // namespace

std::expected<void, Undone> apply_steps(const std::vector<Step>& steps, const BeforeStep& before) {
  for (std::size_t i = 0; i < steps.size(); ++i) {
    Result<void> done;
    if (before) done = before(steps[i].name);
    if (done) done = steps[i].run();
    if (done) continue;
    Undone failed{std::move(done.error())};
    failed.error.step = steps[i].name;
    failed.left = undo_from(steps, i);
    return std::unexpected(std::move(failed));
  }
  return {};
}

}  // namespace microvm::vm
