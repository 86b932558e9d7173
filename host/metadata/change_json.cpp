#include "microvm/change_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>
#include <span>
#include <string>

#include "common/base/bytes.h"
#include "common/base/printable.h"
#include "common/wire/json_in.h"
#include "common/wire/request_in.h"

namespace microvm::metadata {
namespace {

constexpr std::array<std::string_view, 7> kFields = {
    "env", "env_mode", "secrets", "secrets_mode", "delete_secrets", "if_match", "epoch"};

std::unexpected<Error> invalid(std::string message) {
  return std::unexpected(Error{ErrorCode::Invalid, 0, std::move(message)});
}

// Looks at the names of the fields only: the reader of requests, which does the rest, skips those it does not know.
struct NameEvents : wire::JsonEvents {
  std::string key;
  std::optional<std::string> unknown;
  bool is_object = false, is_empty = true;
  int depth = 0;

  bool open(bool object) {
    if (depth++ == 0) is_object = object;
    return true;
  }
  bool close() {
    --depth;
    return true;
  }
  bool on_key_part(Sv part, std::size_t total, Ec&) {
    if (total == part.size()) key.clear();
    if (depth == 1) key.append(part.data(), part.size());
    return true;
  }
  bool on_key(Sv part, std::size_t total, Ec& ec) {
    on_key_part(part, total, ec);
    if (depth != 1) return true;
    is_empty = false;
    if (!unknown && std::ranges::find(kFields, key) == kFields.end()) unknown = printable(key, 64);
    return true;
  }
  bool on_object_begin(Ec&) { return open(true); }
  bool on_array_begin(Ec&) { return open(false); }
  bool on_object_end(std::size_t, Ec&) { return close(); }
  bool on_array_end(std::size_t, Ec&) { return close(); }
  bool on_string_part(Sv, std::size_t, Ec&) { return true; }
  bool on_string(Sv, std::size_t, Ec&) { return true; }
  bool on_bool(bool, Ec&) { return true; }
  bool on_null(Ec&) { return true; }
  bool on_int64(std::int64_t, Sv, Ec&) { return true; }
  bool on_uint64(std::uint64_t, Sv, Ec&) { return true; }
  bool on_double(double, Sv, Ec&) { return true; }
};

Change change_of(const wire::Request& request) {
  Change change;
  if (request.has_env) change.env.emplace();
  for (const auto entry : request.env.all()) change.env->emplace(request.env.key(entry), request.env.value(entry));
  if (request.env_mode == wire::Mode::Merge) change.env_mode = EnvMode::Merge;
  for (const auto entry : request.secrets.all()) {
    const auto value = std::as_bytes(std::span(request.secrets.value(entry)));
    change.secrets.try_emplace(std::string(request.secrets.key(entry)), value.begin(), value.end());
  }
  // To replace nothing is not to replace by nothing.
  if (request.has_secrets && request.secrets_mode == wire::Mode::Replace) change.secrets_mode = SecretsMode::Replace;
  for (const auto entry : request.deleted.all()) change.delete_secrets.emplace_back(request.deleted.key(entry));
  change.if_match = request.if_match;
  change.epoch = request.epoch;
  return change;
}

}  // namespace

Result<Change> parse_change_json(std::string_view text) {
  boost::json::basic_parser<NameEvents> parser(wire::strict_json());
  if (const auto fault = wire::read_json(parser, text)) {
    return invalid(fmt::format("{} at byte {}", fault.what, fault.position));
  }
  const NameEvents& names = parser.handler();
  if (!names.is_object) return invalid("not a JSON object");
  if (names.unknown) return invalid(fmt::format("field \"{}\": there is no such field", *names.unknown));

  // The rest is the daemon's own reader's, of the request that the document would be.
  Bytes line;
  if (!line.append(text.substr(0, text.rfind('}'))) || !line.append(names.is_empty ? "" : ",") ||
      !line.append(R"("op":"apply","id":""})")) {
    return std::unexpected(Error{ErrorCode::Io, ENOMEM, "out of memory"});
  }
  const wire::ParsedLine parsed = wire::parse_request({line.data(), line.size()});
  if (!parsed.failure) return change_of(parsed.request);
  constexpr std::string_view kPrefix = "invalid request json: ";
  const std::string_view why = parsed.failure.text.view();
  return invalid(std::string(why.substr(why.starts_with(kPrefix) ? kPrefix.size() : 0)));
}

}  // namespace microvm::metadata
