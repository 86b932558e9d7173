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

static_assert(kMaxRequestBytes == wire::kMaxRequestLine && kMaxEpochBytes == wire::kMaxEpoch);

std::unexpected<Error> invalid(std::string message) {
  return std::unexpected(Error{ErrorCode::Invalid, 0, std::move(message)});
}

// Names are cut: a message is one line for people.
std::string quoted(std::string_view name) { return fmt::format("\"{}\"", printable(name, 64)); }

Result<void> check_entries(const Env& env) {
  for (const auto& [key, value] : env) {
    if (const char* rule = wire::env_key_rule(key)) return invalid(fmt::format("env key {}: {}", quoted(key), rule));
    const char* rule = wire::env_value_rule(value);
    if (rule == nullptr && !is_utf8(value)) rule = "an env value is UTF-8";
    if (rule != nullptr) return invalid(fmt::format("value of env key {}: {}", quoted(key), rule));
  }
  return {};
}

Result<void> check_name(std::string_view op, std::string_view name) {
  const char* rule = wire::secret_name_rule(name);
  return rule == nullptr ? Result<void>() : invalid(fmt::format("{} {}: {}", op, quoted(name), rule));
}

// `size` is what the line has, or has at least.
Result<void> check_size(std::string_view what, std::size_t size) {
  if (size <= kMaxRequestBytes) return {};
  return invalid(fmt::format("{}: the request has {} bytes, the daemon's limit is {}", what, size, kMaxRequestBytes));
}

// Their size is looked at before the line is made: values far too long are not copied first.
Result<void> check_secrets(const Change& change) {
  std::size_t size = 0;
  for (const auto& [name, value] : change.secrets) {
    if (auto checked = check_name("secret", name); !checked) return checked;
    size += name.size() + wire::base64_size(value.size());
  }
  for (const std::string& name : change.delete_secrets) {
    if (auto checked = check_name("delete secret", name); !checked) return checked;
    if (change.secrets.contains(name)) return invalid(fmt::format("secret {}: both set and deleted", quoted(name)));
  }
  return check_size("apply", size);
}

Result<void> check_conditions(IfMatch if_match, const std::optional<std::string>& epoch) {
  if (if_match && !is_utf8(*if_match)) return invalid("if_match: an etag is UTF-8");
  if (!epoch) return {};
  if (epoch->size() > kMaxEpochBytes) {
    return invalid(fmt::format("epoch: {} bytes, at most {} are allowed", epoch->size(), kMaxEpochBytes));
  }
  return is_utf8(*epoch) ? Result<void>() : invalid("epoch: it is not UTF-8");
}

void write_env(wire::RequestWriter& writer, const Env& env) {
  writer.begin("env", "{");
  for (const auto& [key, value] : env) writer.text(key, value);
  writer.close("}");
}

void write_secrets(wire::RequestWriter& writer, const Change& change) {
  const bool replace = change.secrets_mode == SecretsMode::Replace;
  if (replace) writer.text("secrets_mode", "replace");
  if (replace || !change.secrets.empty()) {
    writer.begin("secrets", "{");
    for (const auto& [name, value] : change.secrets) writer.base64(name, text_of(value));
    writer.close("}");
  }
  if (change.delete_secrets.empty()) return;
  writer.begin("delete_secrets", "[");
  for (const std::string& name : change.delete_secrets) writer.text("", name);
  writer.close("]");
}

void write_if_match(wire::RequestWriter& writer, IfMatch if_match) {
  if (if_match) writer.text("if_match", *if_match);
}

Result<void> finish(std::string_view what, const Bytes& line, wire::RequestWriter& writer) {
  if (!writer.end()) return std::unexpected(Error{ErrorCode::Io, ENOMEM, fmt::format("{}: out of memory", what)});
  return check_size(what, line.size());
}

}  // namespace

Result<void> write_bare(Bytes& line, std::string_view op, std::string_view id, IfMatch if_match) {
  if (auto checked = check_conditions(if_match, {}); !checked) return checked;
  wire::RequestWriter writer(line, op, id);
  write_if_match(writer, if_match);
  return finish(op, line, writer);
}

Result<void> write_set_env(Bytes& line, std::string_view id, const Env& env, EnvMode mode) {
  if (auto checked = check_entries(env); !checked) return checked;
  wire::RequestWriter writer(line, "set_env", id);
  if (mode == EnvMode::Merge) writer.flag("merge", true);
  write_env(writer, env);
  return finish("set_env", line, writer);
}

Result<void> write_set_secret(Bytes& line, std::string_view id, std::string_view name, std::string_view value) {
  if (auto checked = check_name("set_secret", name); !checked) return checked;
  const std::string what = "set_secret " + quoted(name);
  // Before the line is made: a value far too long is not copied first.
  if (auto fits = check_size(what, wire::base64_size(value.size())); !fits) return fits;
  wire::RequestWriter writer(line, "set_secret", id);
  writer.text("name", name).base64("value_b64", value);
  return finish(what, line, writer);
}

Result<void> write_delete_secret(Bytes& line, std::string_view id, std::string_view name, IfMatch if_match) {
  if (auto checked = check_name("delete_secret", name); !checked) return checked;
  if (auto checked = check_conditions(if_match, {}); !checked) return checked;
  wire::RequestWriter writer(line, "delete_secret", id);
  writer.text("name", name);
  write_if_match(writer, if_match);
  return finish("delete_secret", line, writer);
}

Result<void> write_apply(Bytes& line, std::string_view id, const Change& change) {
  if (auto checked = check_conditions(change.if_match, change.epoch); !checked) return checked;
  if (auto checked = change.env ? check_entries(*change.env) : Result<void>(); !checked) return checked;
  if (auto checked = check_secrets(change); !checked) return checked;
  wire::RequestWriter writer(line, "apply", id);
  write_if_match(writer, change.if_match);
  if (change.epoch) writer.text("epoch", *change.epoch);
  if (change.env) {
    if (change.env_mode == EnvMode::Merge) writer.text("env_mode", "merge");
    write_env(writer, *change.env);
  }
  write_secrets(writer, change);
  return finish("apply", line, writer);
}

}  // namespace microvm::metadata
