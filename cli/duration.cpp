#include "cli/duration.h"

namespace microvm::cli {

std::optional<std::chrono::milliseconds> parse_duration(std::string_view text) {
  const auto duration = microvm::parse_duration(text);
  return duration && duration->count() > 0 ? duration : std::nullopt;
}

}  // namespace microvm::cli
