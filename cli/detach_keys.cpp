#include "cli/detach_keys.h"

namespace microvm::cli {
namespace {

constexpr std::size_t kMostKeys = 8;
constexpr std::string_view kCtrl = "ctrl-";

std::optional<char> key_of(std::string_view name) {
  if (name.size() == 1) return name.front() > ' ' && name.front() <= '~' ? std::optional(name.front()) : std::nullopt;
  if (name.size() != kCtrl.size() + 1 || !name.starts_with(kCtrl)) return std::nullopt;
  const char c = name.back();
  if (c >= 'a' && c <= 'z') return static_cast<char>(c - 'a' + 1);
  return c >= '@' && c <= '_' ? std::optional(static_cast<char>(c - '@')) : std::nullopt;
}

}  // namespace

std::optional<std::string> parse_keys(std::string_view text) {
  std::string keys;
  while (!text.empty()) {
    const std::size_t comma = std::min(text.find(','), text.size());
    const auto key = key_of(text.substr(0, comma));
    if (!key || keys.size() == kMostKeys || comma + 1 == text.size()) return std::nullopt;
    keys += *key;
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return keys;
}

bool DetachKeys::take(std::string_view typed, std::string& out) {
  for (const char c : typed) {
    held_ += c;
    // The longest end of what is held that may be the beginning of the sequence stays.
    while (!held_.empty() && !keys_.starts_with(held_)) {
      out += held_.front();
      held_.erase(0, 1);
    }
    if (!keys_.empty() && held_ == keys_) return true;
  }
  return false;
}

}  // namespace microvm::cli
