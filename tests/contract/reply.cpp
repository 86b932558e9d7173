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

bool take(std::string_view& rest, std::string_view part) {
  const bool there = rest.starts_with(part);
  if (there) rest.remove_prefix(part.size());
  return there;
}

bool take_flag(std::string_view& rest, bool& flag) {
  flag = take(rest, "true");
  return flag || take(rest, "false");
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

std::optional<Change> change_of(std::string_view reply) {
  if (!take(reply, R"({"id":"x","ok":true,"etag":")")) return std::nullopt;
  Change change{.etag = std::string(reply.substr(0, reply.find_first_of("\"\\")))};
  reply.remove_prefix(change.etag.size());
  const bool whole = take(reply, R"(","changed":)") && take_flag(reply, change.changed) &&
                     take(reply, R"(,"durable":)") && take_flag(reply, change.durable) && reply == "}";
  return whole ? std::optional(change) : std::nullopt;
}

std::optional<Refusal> refusal_of(std::string_view reply) {
  for (const char* code : {"invalid", "conflict", "too_large", "busy", "no_space", "io"}) {
    const std::string end = R"(,"code":")" + std::string(code) + "\"}";
    if (!reply.ends_with(end)) continue;
    const auto error = error_of(std::string(reply.substr(0, reply.size() - end.size())) + "}");
    return error ? std::optional(Refusal{*error, code}) : std::nullopt;
  }
  return std::nullopt;
}

}  // namespace microvm::contract
