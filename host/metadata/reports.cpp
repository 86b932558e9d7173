#include "host/metadata/reports.h"

#include <fmt/format.h>

#include <string_view>
#include <utility>

#include "common/wire/rules.h"

namespace microvm::metadata {
namespace {

using wire::Json;

// Takes fields of one object; the first that is not as it should be is remembered.
class Fields {
 public:
  explicit Fields(const Json& object) noexcept : object_(object) {}

  /// Null where there is no such field.
  [[nodiscard]] const Json& at(std::string_view name) const {
    static const Json kNull;
    const Json* const found = object_.find(name);
    return found == nullptr ? kNull : *found;
  }
  template <class T, class To>
  Fields& take(std::string_view name, To& to) {
    const T* const value = at(name).as<T>();
    if (value == nullptr) return spoil(name);
    to = *value;
    return *this;
  }
  /// What stands in an array or object; nothing where it is none.
  template <class T>
  const T& inside(std::string_view name) {
    static const T kNothing;
    const T* const value = at(name).as<T>();
    if (value == nullptr) spoil(name);
    return value == nullptr ? kNothing : *value;
  }
  Fields& spoil(std::string_view name) {
    if (fault_.empty()) fault_ = fmt::format("without a good \"{}\"", name);
    return *this;
  }
  [[nodiscard]] bool good() const noexcept { return fault_.empty(); }
  template <class T>
  Read<T> finish(T& value) {
    return good() ? Read<T>(std::move(value)) : std::unexpected(std::move(fault_));
  }

 private:
  const Json& object_;
  std::string fault_;
};

// Names that come from the guest and go to a terminal, or become keys of a map: what the protocol would call a key.
bool is_word(std::string_view name) { return wire::env_key_rule(name) == nullptr; }

std::map<std::string, std::uint64_t> numbers(const Json::Object& members) {
  std::map<std::string, std::uint64_t> found;
  for (const auto& [name, value] : members) {
    if (const auto* number = value.as<std::uint64_t>(); number != nullptr && is_word(name)) found[name] = *number;
  }
  return found;
}

std::map<std::string, std::string> words(const Json::Object& members) {
  std::map<std::string, std::string> found;
  for (const auto& [name, value] : members) {
    if (!is_word(name)) continue;
    if (const auto* flag = value.as<bool>()) found[name] = *flag ? "true" : "false";
    if (const auto* number = value.as<std::uint64_t>()) found[name] = std::to_string(*number);
    if (const auto* text = value.as<std::string>(); text != nullptr && is_word(*text)) found[name] = *text;
  }
  return found;
}

bool read_secret(const Json& item, SecretStat& secret) {
  Fields fields(item);
  std::uint64_t ms = 0;
  fields.take<std::string>("name", secret.name).take<std::uint64_t>("size", secret.size);
  fields.take<std::uint64_t>("mtime_ms", ms);
  secret.changed = std::chrono::sys_time(std::chrono::milliseconds(static_cast<std::int64_t>(ms)));
  return fields.good() && wire::secret_name_rule(secret.name) == nullptr && std::in_range<std::int64_t>(ms);
}

}  // namespace

Read<Applied> read_applied(const Json& reply) {
  Applied applied;
  return Fields(reply)
      .take<std::string>("etag", applied.etag)
      .take<bool>("changed", applied.changed)
      .take<bool>("durable", applied.durable)
      .finish(applied);
}

Read<Stat> read_stat(const Json& reply) {
  Stat stat;
  Fields fields(reply);
  fields.take<std::string>("etag", stat.etag);
  if (!fields.at("epoch").is_null()) fields.take<std::string>("epoch", stat.epoch);
  for (const Json& item : fields.inside<Json::Array>("env")) {
    const auto* key = item.as<std::string>();
    if (key == nullptr || !is_word(*key)) return fields.spoil("env").finish(stat);
    stat.env.push_back(*key);
  }
  for (const Json& item : fields.inside<Json::Array>("secrets")) {
    if (!read_secret(item, stat.secrets.emplace_back())) return fields.spoil("secrets").finish(stat);
  }
  return fields.finish(stat);
}

Read<Info> read_info(const Json& reply) {
  Info info;
  Fields fields(reply);
  fields.take<std::string>("version", info.version).take<std::uint64_t>("protocol", info.protocol);
  info.limits = numbers(fields.inside<Json::Object>("limits"));
  info.counters = numbers(fields.inside<Json::Object>("counters"));
  info.confinement = words(fields.inside<Json::Object>("confinement"));
  Fields filesystem(fields.at("filesystem"));
  filesystem.take<std::string>("type", info.filesystem).take<bool>("durable", info.durable);
  if (!filesystem.good()) fields.spoil("filesystem");
  return fields.finish(info);
}

}  // namespace microvm::metadata
