// What a reply line must look like. Reads JSON by itself, so that the project's own codec is not checked by itself.
#include "tests/contract/reply.h"

namespace microvm::contract {
namespace {

// Text between the quotes of a JSON string that escapes what must be escaped, in the shortest way, and nothing else.
std::optional<std::string> decode(std::string_view text) {
  constexpr std::string_view kShort = "\"\\bfnrt";
  constexpr std::string_view kMeaning = "\"\\\b\f\n\r\t";
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (static_cast<unsigned char>(text[i]) < 0x20 || text[i] == '"') return std::nullopt;
    if (text[i] != '\\') {
      out += text[i];
      continue;
    }
    if (++i == text.size()) return std::nullopt;
    if (const auto at = kShort.find(text[i]); at != kShort.npos) {
      out += kMeaning[at];
      continue;
    }
    if (!text.substr(i).starts_with("u00") || text.size() < i + 5) return std::nullopt;
    const int code = std::stoi(std::string(text.substr(i + 1, 4)), nullptr, 16);
    if (code >= 0x20 || kMeaning.find(static_cast<char>(code)) != kMeaning.npos) return std::nullopt;
    out += static_cast<char>(code);
    i += 4;
  }
  return out;
}

}  // namespace

std::string ok_reply(std::string_view id) { return R"({"id":)" + std::string(id) + R"(,"ok":true})"; }

std::optional<std::string> error_of(std::string_view reply, std::string_view id) {
  const std::string begin = R"({"id":)" + std::string(id) + R"(,"ok":false,"error":")";
  constexpr std::string_view kEnd = "\"}";
  if (!reply.starts_with(begin) || !reply.ends_with(kEnd) || reply.size() < begin.size() + kEnd.size()) {
    return std::nullopt;
  }
  return decode(reply.substr(begin.size(), reply.size() - begin.size() - kEnd.size()));
}

}  // namespace microvm::contract
