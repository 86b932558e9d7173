#include "standin/model/text_rules.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cctype>

namespace microvm::standin {
namespace {

using Why = std::optional<std::string>;

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

Why any_text(std::string& /*text*/) { return std::nullopt; }

// Six pairs of hex digits and colons between them.
Why mac_address(std::string& text) {
  bool good = text.size() == 17;
  for (std::size_t i = 0; good && i < text.size(); ++i)
    good = i % 3 == 2 ? text[i] == ':' : std::isxdigit(static_cast<unsigned char>(text[i])) != 0;
  if (!good) return "The provided MAC address is invalid.";
  text = lower(text);
  return std::nullopt;
}

Why ipv4_address(std::string& text) {
  in_addr address{};
  if (::inet_pton(AF_INET, text.c_str(), &address) != 1 || text.find('\0') != text.npos)
    return "invalid IPv4 address syntax";
  return std::nullopt;
}

Why log_level(std::string& text) {
  constexpr std::array<std::string_view, 6> kLevels = {"off", "error", "warn", "info", "debug", "trace"};
  text = lower(text);
  if (text == "warning") text = "warn";
  if (std::ranges::find(kLevels, text) == kLevels.end()) return "Invalid LevelFilter";
  return std::nullopt;
}

}  // namespace

const json::TextRule kPathRule = {"path string", any_text};
const json::TextRule kMacRule = {"a string", mac_address};
const json::TextRule kIpv4Rule = {"IPv4 address", ipv4_address, true};
const json::TextRule kLevelRule = {"a string", log_level};

}  // namespace microvm::standin
