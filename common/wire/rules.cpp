#include "common/wire/rules.h"

#include <algorithm>

#include "common/base/find_byte.h"
#include "common/wire/limits.h"

namespace microvm::wire {
namespace {

constexpr bool is_alpha(char c) noexcept { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

}  // namespace

const char* env_key_rule(std::string_view key) noexcept {
  const auto first = [](char c) { return is_alpha(c) || c == '_'; };
  const auto rest = [first](char c) { return first(c) || is_digit(c); };
  const bool good = !key.empty() && first(key.front()) && std::ranges::all_of(key, rest);
  return good ? nullptr : "an env key is [A-Za-z_][A-Za-z0-9_]*";
}

const char* env_value_rule(std::string_view value) noexcept {
  if (find_byte(value, '\n') != value.npos) return "an env value has no newline";
  if (find_byte(value, '\0') != value.npos) return "an env value has no NUL byte";
  return nullptr;
}

const char* secret_name_rule(std::string_view name) noexcept {
  const auto allowed = [](char c) { return is_alpha(c) || is_digit(c) || c == '_' || c == '-'; };
  if (name.size() > kMaxSecretName) return "a secret name has at most 255 bytes";
  return !name.empty() && std::ranges::all_of(name, allowed) ? nullptr : "a secret name is [A-Za-z0-9_-]+";
}

}  // namespace microvm::wire
