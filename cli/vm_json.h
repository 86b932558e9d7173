// What the runtime tells, as JSON.
#pragma once

#include <string>

#include "cli/json.h"
#include "microvm/runtime.h"

namespace microvm::cli {

std::string json_of(const VmInfo& vm);
std::string json_of(const Exit& exit);
std::string json_of(const Phases& phases);
std::string json_of(const StopOutcome& outcome);
std::string json_of(const Event& event);
std::string json_of(const Garbage& garbage);
std::string json_of(const PlanStep& step);
std::string json_of(const std::vector<std::string>& texts);

std::string_view rung_name(StopRung::Kind kind) noexcept;

}  // namespace microvm::cli
