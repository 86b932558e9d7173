#include "cli/duration.h"

namespace microvm::cli {

std::optional<std::chrono::milliseconds> parse_duration(std::string_view text) {
  const bool hours = text.ends_with('h');
  const auto duration =
      microvm::parse_duration(hours ? std::string(text.substr(0, text.size() - 1)) + "m" : std::string(text));
  if (!duration || duration->count() == 0) return std::nullopt;
  if (!hours) return duration;
  return *duration <= kLongestDuration / 60 ? std::optional(*duration * 60) : std::nullopt;
}

std::optional<std::chrono::milliseconds> parse_seconds(std::string_view text) {
  const bool bare = !text.empty() && text.find_first_not_of("0123456789") == text.npos;
  return bare ? microvm::parse_duration(std::string(text) + "s") : parse_duration(text);
}

std::string check_duration(const std::string& text) {
  return parse_duration(text) ? "" : "a whole number and its unit, as in 500ms, 10s, 2m or 1h; at most 24 hours";
}

std::string check_seconds(const std::string& text) {
  return parse_seconds(text) ? "" : "a number of seconds, or one with a unit, as in 500ms, 10s or 2m; at most 24 hours";
}

}  // namespace microvm::cli
