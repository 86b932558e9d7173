#include "common/wire/json_out.h"

#include <algorithm>
#include <array>

namespace microvm::wire {
namespace {

bool needs_escape(char c) noexcept { return c == '"' || c == '\\' || static_cast<unsigned char>(c) < 0x20; }

bool append_escape(Bytes& out, char c) noexcept {
  constexpr std::string_view kShort = "\"\"\\\\\bb\ff\nn\rr\tt";  // pairs: byte, letter
  for (std::size_t i = 0; i < kShort.size(); i += 2) {
    if (kShort[i] == c) return out.append("\\") && out.append(kShort.substr(i + 1, 1));
  }
  constexpr std::string_view kHex = "0123456789abcdef";
  const auto byte = static_cast<unsigned char>(c);
  const std::array<char, 6> escape = {'\\', 'u', '0', '0', kHex[byte >> 4], kHex[byte & 15]};
  return out.append({escape.data(), escape.size()});
}

}  // namespace

bool append_json_string(Bytes& out, std::string_view text) noexcept {
  if (!out.append("\"")) return false;
  while (!text.empty()) {
    const auto plain = static_cast<std::size_t>(std::ranges::find_if(text, needs_escape) - text.begin());
    if (!out.append(text.substr(0, plain))) return false;
    text.remove_prefix(plain);
    if (text.empty()) break;
    if (!append_escape(out, text.front())) return false;
    text.remove_prefix(1);
  }
  return out.append("\"");
}

}  // namespace microvm::wire
