#include "tests/standin/texts.h"

#include <algorithm>
#include <cctype>
#include <string_view>
#include <vector>

namespace microvm::test {
namespace {

// The objects of an array, from behind its bracket; `end` is where the closing one stands.
std::vector<std::string> objects(std::string_view text, std::size_t at, std::size_t& end) {
  std::vector<std::string> out;
  int depth = 0;
  for (std::size_t start = at; at < text.size(); ++at) {
    if (text[at] == ']' && depth == 0) break;
    if (text[at] == '{' && depth++ == 0) start = at;
    if (text[at] == '}' && --depth == 0) out.emplace_back(text.substr(start, at + 1 - start));
  }
  end = at;
  return out;
}

void replace_all(std::string& text, std::string_view what, std::string_view with) {
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size()))
    text.replace(at, what.size(), with);
}

std::string canonical_line(std::string line) {
  constexpr std::string_view kTime = "2026-01-01T00:00:00.000000000";
  if (line.size() > kTime.size() && line[10] == 'T' && line[kTime.size()] == ' ') line.replace(0, kTime.size(), "@TS@");
  if (const std::size_t unit = line.rfind(" us"); unit != std::string::npos) {
    std::size_t first = unit;
    while (first > 0 && std::isdigit(static_cast<unsigned char>(line[first - 1])) != 0) --first;
    if (first < unit) line.replace(first, unit - first, "@US@");
  }
  return line;
}

}  // namespace

std::string canonical_response(std::string response) {
  if (!response.contains("\r\n\r\n{\"balloon\":")) return response;
  for (const std::string_view list : {"\"drives\":[", "\"network-interfaces\":[", "\"pmem\":["}) {
    const std::size_t begin = response.find(list) + list.size();
    std::size_t end = begin;
    auto parts = objects(response, begin, end);
    std::ranges::sort(parts);
    std::string sorted;
    for (const std::string& part : parts) sorted += (sorted.empty() ? "" : ",") + part;
    response.replace(begin, end - begin, sorted);
  }
  return response;
}

std::string canonical_log(const std::string& text, const std::string& dir) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size() - 1) + 1;
    const std::string line = text.substr(at, end - at);
    if (!line.contains("immediate_exit")) out += canonical_line(line);
    at = end;
  }
  if (!dir.empty()) replace_all(out, dir, "@DIR@");
  return out;
}

}  // namespace microvm::test
