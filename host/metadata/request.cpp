#include "host/metadata/request.h"

#include <fmt/format.h>

#include <cerrno>

#include "common/base/printable.h"
#include "common/wire/base64.h"
#include "common/wire/limits.h"
#include "common/wire/request_out.h"
#include "common/wire/rules.h"
#include "host/metadata/utf8.h"

namespace microvm::metadata {
namespace {

static_assert(kMaxRequestBytes == wire::kMaxRequestLine);

std::unexpected<Error> invalid(std::string message) {
  return std::unexpected(Error{ErrorCode::Invalid, 0, std::move(message)});
}

// Names are cut: a message is one line for people.
std::string quoted(std::string_view name) { return fmt::format("\"{}\"", printable(name, 64)); }

Result<void> check_entry(std::string_view key, std::string_view value) {
  if (const char* rule = wire::env_key_rule(key)) return invalid(fmt::format("env key {}: {}", quoted(key), rule));
  const char* rule = wire::env_value_rule(value);
  if (rule == nullptr && !is_utf8(value)) rule = "an env value is UTF-8";
  if (rule != nullptr) return invalid(fmt::format("value of env key {}: {}", quoted(key), rule));
  return {};
}

// `size` is what the line has, or has at least.
Result<void> check_size(std::string_view what, std::size_t size) {
  if (size <= kMaxRequestBytes) return {};
  return invalid(fmt::format("{}: the request has {} bytes, the daemon's limit is {}", what, size, kMaxRequestBytes));
}

Result<void> finish(std::string_view what, const Bytes& line, bool written) {
  if (!written) return std::unexpected(Error{ErrorCode::Io, ENOMEM, fmt::format("{}: out of memory", what)});
  return check_size(what, line.size());
}

}  // namespace

Result<void> write_ping(Bytes& line, std::string_view id) {
  return finish("ping", line, wire::RequestWriter(line).ping(id));
}

Result<void> write_set_env(Bytes& line, std::string_view id, const Env& env, EnvMode mode) {
  wire::RequestWriter writer(line);
  bool written = writer.begin_set_env(id, mode == EnvMode::Merge);
  for (const auto& [key, value] : env) {
    if (auto checked = check_entry(key, value); !checked) return checked;
    written = written && writer.env_entry(key, value);
  }
  return finish("set_env", line, written && writer.end_set_env());
}

Result<void> write_set_secret(Bytes& line, std::string_view id, std::string_view name, std::string_view value) {
  const std::string what = "set_secret " + quoted(name);
  if (const char* rule = wire::secret_name_rule(name)) return invalid(fmt::format("{}: {}", what, rule));
  // Before the line is made: a value far too long is not copied first.
  if (auto fits = check_size(what, wire::base64_size(value.size())); !fits) return fits;
  return finish(what, line, wire::RequestWriter(line).set_secret(id, name, value));
}

}  // namespace microvm::metadata
