#include "cli/metadata_answers.h"

#include <fmt/format.h>

#include <algorithm>

#include "cli/json.h"
#include "cli/times.h"
#include "common/base/printable.h"

namespace microvm::cli {
namespace {

// What the guest names freely is shown on a terminal.
std::string shown(std::string_view text) { return printable(text, 256); }

std::string number_member(const std::pair<const std::string, std::uint64_t>& member) {
  return fmt::format(R"("{}":{})", member.first, member.second);
}

// A number and a truth stand as such.
std::string word_member(const std::pair<const std::string, std::string>& member) {
  const std::string& word = member.second;
  const bool bare = word == "true" || word == "false" || word.find_first_not_of("0123456789") == word.npos;
  return fmt::format(R"("{}":{})", member.first, bare ? word : json_string(word));
}

}  // namespace

Answer answer_of(const metadata::Applied& applied) {
  return {.text = fmt::format(": etag {}, {}, {}", shown(applied.etag), applied.changed ? "changed" : "unchanged",
                              applied.durable ? "durable" : "not durable"),
          .json = fmt::format(R"(,"etag":{},"changed":{},"durable":{})", json_string(applied.etag), applied.changed,
                              applied.durable)};
}

Answer answer_of(const metadata::Stat& stat) {
  std::string text = "\netag " + shown(stat.etag);
  if (stat.epoch) text += "\nepoch " + shown(*stat.epoch);
  for (const std::string& key : stat.env) text += "\nenv " + key;
  std::size_t width = 0;
  for (const auto& secret : stat.secrets) width = std::max(width, secret.name.size());
  for (const auto& secret : stat.secrets) {
    text += fmt::format("\nsecret {:<{}} {:>7} {}", secret.name, width, secret.size, rfc3339(secret.changed));
  }
  const auto secret_json = [](const metadata::SecretStat& secret) {
    return fmt::format(R"({{"name":"{}","size":{},"mtime_ms":{}}})", secret.name, secret.size,
                       secret.changed.time_since_epoch().count());
  };
  return {
      .text = std::move(text),
      .json = fmt::format(R"(,"etag":{},"epoch":{},"env":{},"secrets":{})", json_string(stat.etag),
                          stat.epoch ? json_string(*stat.epoch) : "null", json_joined("[", stat.env, json_string, "]"),
                          json_joined("[", stat.secrets, secret_json, "]"))};
}

Answer answer_of(const metadata::Info& info) {
  std::string text = fmt::format("\nversion {}\nprotocol {}\nfilesystem {} {}", shown(info.version), info.protocol,
                                 shown(info.filesystem), info.durable ? "durable" : "not durable");
  for (const auto& [name, value] : info.limits) text += fmt::format("\nlimit {} {}", name, value);
  for (const auto& [name, value] : info.confinement) text += fmt::format("\nconfinement {} {}", name, value);
  for (const auto& [name, value] : info.counters) text += fmt::format("\ncounter {} {}", name, value);
  return {.text = std::move(text),
          .json = fmt::format(R"(,"version":{},"protocol":{},"limits":{},"filesystem":{{"type":{},"durable":{}}},)"
                              R"("confinement":{},"counters":{})",
                              json_string(info.version), info.protocol,
                              json_joined("{", info.limits, number_member, "}"), json_string(info.filesystem),
                              info.durable, json_joined("{", info.confinement, word_member, "}"),
                              json_joined("{", info.counters, number_member, "}"))};
}

}  // namespace microvm::cli
