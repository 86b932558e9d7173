#include "tests/standin/recording.h"

#include <boost/json/src.hpp>
#include <filesystem>
#include <fstream>
#include <stdexcept>

namespace microvm::test {
namespace {

namespace json = boost::json;

// Each character stands for one byte.
std::string bytes(const json::value& text) {
  std::string out;
  const std::string_view utf8 = text.as_string();
  for (std::size_t i = 0; i < utf8.size(); ++i) {
    const auto first = static_cast<unsigned char>(utf8[i]);
    if (first < 0x80) {
      out += utf8[i];
      continue;
    }
    if (first > 0xC3 || ++i == utf8.size()) throw std::runtime_error("a character that is no byte");
    out += static_cast<char>((first & 3U) << 6U | (static_cast<unsigned char>(utf8[i]) & 0x3FU));
  }
  return out;
}

std::string text_or_empty(const json::object& line, std::string_view key) {
  const json::value* value = line.if_contains(key);
  return value != nullptr && value->is_string() ? std::string(value->as_string()) : std::string();
}

std::optional<int> number_or_none(const json::object& line, std::string_view key) {
  const json::value* value = line.if_contains(key);
  return value != nullptr && value->is_int64() ? std::optional(value->to_number<int>()) : std::nullopt;
}

std::vector<std::string> words(const json::object& line) {
  std::vector<std::string> out;
  if (const json::value* argv = line.if_contains("argv"))
    for (const json::value& word : argv->as_array()) out.emplace_back(word.as_string());
  return out;
}

std::vector<std::size_t> pieces(const json::object& line, std::size_t size) {
  const json::value* chunks = line.if_contains("chunks");
  if (chunks == nullptr) return {};
  if (chunks->is_string()) return std::vector<std::size_t>(size, 1);  // "each byte"
  return json::value_to<std::vector<std::size_t>>(*chunks);
}

Exchange exchange(const json::object& line) {
  Exchange out{.n = line.at("n").to_number<int>(),
               .label = text_or_empty(line, "label"),
               .connection = line.at("conn").to_number<int>(),
               .request = bytes(line.at("request")),
               .response = bytes(line.at("response")),
               .pieces = {},
               .half_closes = line.contains("half_closed"),
               .is_refused_unheard = line.contains("send_error"),
               .peer = text_or_empty(line, "peer")};
  out.pieces = pieces(line, out.request.size());
  if (const std::string closed = text_or_empty(line, "closed"); closed == "EOF") out.peer = closed;
  return out;
}

Fact fact(const json::object& line) {
  Fact out{.event = text_or_empty(line, "event"),
           .code = number_or_none(line, "rc"),
           .signal = text_or_empty(line, "signal"),
           .file = text_or_empty(line, "file"),
           .text = {},
           .errors = text_or_empty(line, "stderr_tail")};
  for (const std::string_view key : {"text", "stdout_tail", "log_tail"}) out.text += text_or_empty(line, key);
  return out;
}

CommandLine command_line(const json::object& line) {
  CommandLine out{text_or_empty(line, "label"),  words(line), number_or_none(line, "rc"), text_or_empty(line, "stdout"),
                  text_or_empty(line, "stderr"), {}};
  if (const json::value* pairs = line.if_contains("api"))
    for (const json::value& pair : pairs->as_array())
      out.meanwhile.push_back({.n = static_cast<int>(out.meanwhile.size()) + 1,
                               .label = out.label,
                               .connection = 0,
                               .request = bytes(pair.at(0)),
                               .response = bytes(pair.at(1)),
                               .pieces = {},
                               .half_closes = false,
                               .is_refused_unheard = false,
                               .peer = {}});
  return out;
}

std::optional<Step> step(const json::object& line) {
  if (line.contains("request")) return exchange(line);
  if (line.contains("cli")) return command_line(line);
  if (!line.contains("event")) return std::nullopt;
  if (line.at("event") == "start") return Start{words(line)};
  return fact(line);
}

}  // namespace

Recording read_recording(const std::string& path) {
  Recording out{std::filesystem::path(path).stem(), {}};
  std::ifstream file(path);
  std::string line;
  try {
    while (std::getline(file, line))
      if (auto found = step(json::parse(line).as_object())) out.steps.push_back(std::move(*found));
  } catch (const std::exception& error) {
    throw std::runtime_error(path + ": " + error.what());
  }
  if (out.steps.empty()) throw std::runtime_error(path + ": nothing is recorded there");
  return out;
}

}  // namespace microvm::test
