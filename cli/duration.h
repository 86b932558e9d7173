// Durations as people write them on a command line.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/duration.h"

namespace microvm::cli {

/// A whole number and its unit, `500ms`, `10s`, `2m` or `1h`: 1 ms to 24 hours. Nothing for anything else.
std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);

/// The same, or a whole number of seconds as podman has it; 0 too.
std::optional<std::chrono::milliseconds> parse_seconds(std::string_view text);

/// For CLI11: what is wrong with the text, empty for nothing.
std::string check_duration(const std::string& text);
std::string check_seconds(const std::string& text);

}  // namespace microvm::cli
