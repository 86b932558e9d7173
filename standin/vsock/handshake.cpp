#include "standin/vsock/handshake.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <string>

#include "standin/json/utf8.h"

namespace microvm::standin::vsock {
namespace {

// What Unicode calls white space, in UTF-8.
constexpr std::array<std::string_view, 25> kBlanks = {
    " ",      "\t",     "\n",     "\v",     "\f",     "\r",     "\u0085", "\u00a0", "\u1680",
    "\u2000", "\u2001", "\u2002", "\u2003", "\u2004", "\u2005", "\u2006", "\u2007", "\u2008",
    "\u2009", "\u200a", "\u2028", "\u2029", "\u202f", "\u205f", "\u3000"};

std::size_t blank_size(std::string_view text) {
  const auto* blank = std::ranges::find_if(kBlanks, [&](std::string_view b) { return text.starts_with(b); });
  return blank == kBlanks.end() ? 0 : blank->size();
}

// Takes the next word off the text; empty when there is none.
std::string_view next_word(std::string_view& text) {
  while (const std::size_t size = blank_size(text)) text.remove_prefix(size);
  std::size_t end = 0;
  while (end < text.size() && blank_size(text.substr(end)) == 0) ++end;
  const std::string_view word = text.substr(0, end);
  text.remove_prefix(end);
  return word;
}

bool is_connect(std::string_view word) {
  constexpr std::string_view kWord = "connect";
  return std::ranges::equal(word, kWord,
                            [](char a, char b) { return a == b || (a >= 'A' && a <= 'Z' && a + 32 == b); });
}

std::optional<std::uint32_t> number(std::string_view word) {
  if (word.starts_with('+')) word.remove_prefix(1);
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (error != std::errc() || end != word.data() + word.size()) return std::nullopt;
  return value;
}

}  // namespace

// Ten bytes are read, then one by one up to a newline: one among the first nine is a blank like others.
ConnectLine read_connect_line(std::string_view arrived) {
  constexpr std::size_t kLeast = std::string_view("CONNECT 0\n").size();
  std::string_view line = arrived.substr(0, kMaxConnectLine);
  const std::size_t newline = line.find('\n', kLeast - 1);
  if (newline == line.npos && line.size() < kMaxConnectLine) return {line.size(), std::nullopt};
  line = line.substr(0, newline == line.npos ? newline : newline + 1);
  ConnectLine result{line.size(), std::nullopt};
  if (json::utf8_fault(line)) return result;
  if (is_connect(next_word(line))) result.port = number(next_word(line));
  return result;
}

}  // namespace microvm::standin::vsock
