// Durations as people write them on a command line.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

#include "common/base/duration.h"

namespace microvm::cli {

/// A whole number and its unit, `500ms`, `10s` or `2m`: 1 ms to 24 hours. Nothing for anything else.
std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);

}  // namespace microvm::cli
