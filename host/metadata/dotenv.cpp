#include "microvm/dotenv.h"

#include <fmt/format.h>

#include <optional>

#include "common/wire/rules.h"
#include "host/metadata/utf8.h"

namespace microvm::metadata {
namespace {

constexpr std::string_view kBlanks = " \t\r";

std::string_view trimmed(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(kBlanks), text.size()));
  return text.substr(0, text.find_last_not_of(kBlanks) + 1);
}

// `export` is a word of its own, not the beginning of a key.
std::string_view without_export(std::string_view line) {
  constexpr std::string_view kWord = "export";
  const bool word = line.starts_with(kWord) && line.size() > kWord.size() && kBlanks.contains(line[kWord.size()]);
  return word ? trimmed(line.substr(kWord.size())) : line;
}

// Nothing when a quote is opened and not closed at the end.
std::optional<std::string_view> unquoted(std::string_view value) {
  if (!value.starts_with('"') && !value.starts_with('\'')) return value;
  if (value.size() < 2 || value.back() != value.front()) return std::nullopt;
  return value.substr(1, value.size() - 2);
}

// Answers the rule that the line breaks, in words that quote nothing of it, or nullptr.
const char* read_line(std::string_view line, Env& env) {
  line = without_export(line);
  const std::size_t sign = line.find('=');
  if (sign == line.npos) return "there is no =";
  const std::string_view key = trimmed(line.substr(0, sign));
  if (const char* rule = wire::env_key_rule(key)) return rule;
  const auto value = unquoted(trimmed(line.substr(sign + 1)));
  if (!value) return "a quote is not closed at the end of the line";
  if (const char* rule = wire::env_value_rule(*value)) return rule;
  if (!is_utf8(*value)) return "an env value is UTF-8";
  env.insert_or_assign(std::string(key), std::string(*value));
  return nullptr;
}

}  // namespace

Result<Env> parse_dotenv(std::string_view text) {
  Env env;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = trimmed(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.empty() || line.starts_with('#')) continue;
    if (const char* rule = read_line(line, env)) {
      return std::unexpected(Error{ErrorCode::Invalid, 0, fmt::format("line {}: {}", number, rule)});
    }
  }
  return env;
}

}  // namespace microvm::metadata
