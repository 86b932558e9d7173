#include "common/wire/request_in.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <utility>

#include "common/wire/base64.h"
#include "common/wire/json_in.h"
#include "common/wire/rules.h"

namespace microvm::wire {
namespace {

// ---- what the handler gathers, before the op is known ----

enum class Field : std::uint8_t {
  Env,
  Secrets,
  DeleteSecrets,  // the last one that holds entries
  Op,
  Id,
  Name,
  ValueB64,
  Merge,
  EnvMode,
  SecretsMode,
  IfMatch,
  Epoch,
  Unknown
};
constexpr std::size_t kFields = std::to_underlying(Field::Unknown);
constexpr std::array<std::string_view, kFields> kFieldNames = {"env",      "secrets",      "delete_secrets", "op",
                                                               "id",       "name",         "value_b64",      "merge",
                                                               "env_mode", "secrets_mode", "if_match",       "epoch"};
constexpr std::size_t kLongestFieldName = 14;
constexpr std::size_t kContainers = std::to_underlying(Field::DeleteSecrets) + 1;

enum class Kind : std::uint8_t { String, Object, Array, Bool, Other };

constexpr Kind kind_of(Field field) noexcept {
  switch (field) {
    case Field::Env:
    case Field::Secrets:
      return Kind::Object;
    case Field::DeleteSecrets:
      return Kind::Array;
    case Field::Merge:
      return Kind::Bool;
    default:
      return Kind::String;
  }
}

struct Gathered {
  bool seen = false;
  bool repeated = false;
  bool wrong_type = false;
  bool truth = false;     // a boolean's
  std::string_view text;  // a string's
};

// What stands in an object or an array.
struct Container {
  Entries entries;
  std::string_view bad_key;  // the first key that breaks its rule, if `rule` says so
  const char* rule = nullptr;
};

struct RequestEvents : JsonEvents {
  explicit RequestEvents(std::span<char> line) noexcept : base(line.data()), out(line.data()) {
    for (Container& each : containers) each.entries.set_base(base);
  }

  std::array<Gathered, kFields> fields;
  std::array<Container, kContainers> containers;
  std::string_view id;  // the last string one
  bool is_object = false;
  bool out_of_memory = false;

  // Text goes back into the line: unescaped text is never longer than what it was made of, and an entry (`KEY=VALUE`)
  // never longer than `"KEY":"VALUE"`, so `out` stays behind the place the parser reads.
  char* base;
  char* out;
  char* start = nullptr;  // of the string in the making
  int depth = 0;
  Field field = Field::Unknown;
  std::array<char, kLongestFieldName> key;
  std::size_t key_size = 0;

  [[nodiscard]] const Gathered& at(Field which) const noexcept { return fields[std::to_underlying(which)]; }
  [[nodiscard]] Gathered& at(Field which) noexcept { return fields[std::to_underlying(which)]; }
  [[nodiscard]] Container& container(Field which) noexcept { return containers[std::to_underlying(which)]; }

  // Inside `env`, `secrets` or `delete_secrets`.
  [[nodiscard]] bool in_entries() const noexcept { return depth == 2 && std::to_underlying(field) < kContainers; }
  [[nodiscard]] bool keeps_string() const noexcept {
    return in_entries() || (depth == 1 && field != Field::Unknown && kind_of(field) == Kind::String);
  }
  [[nodiscard]] std::string_view made() const noexcept { return {start, static_cast<std::size_t>(out - start)}; }

  void put(Sv part, bool first) noexcept {
    if (first) start = out;
    std::memmove(out, part.data(), part.size());
    out += part.size();
  }

  // -- keys --
  bool on_key_part(Sv part, std::size_t total, Ec&) noexcept {
    const bool first = total == part.size();
    if (in_entries()) {
      put(part, first);
    } else if (depth == 1) {
      if (first) key_size = 0;
      for (const char c : part) {
        if (key_size < key.size()) key[key_size] = c;
        ++key_size;
      }
    }
    return true;
  }
  bool on_key(Sv part, std::size_t total, Ec& ec) noexcept {
    on_key_part(part, total, ec);
    if (in_entries()) {
      check_key(made());
      put("=", false);
    } else if (depth == 1) {
      field = lookup();
    }
    return true;
  }
  [[nodiscard]] Field lookup() const noexcept {
    if (key_size > key.size()) return Field::Unknown;
    const auto found = std::ranges::find(kFieldNames, std::string_view(key.data(), key_size));
    return static_cast<Field>(found - kFieldNames.begin());
  }
  void check_key(std::string_view entry_key) noexcept {
    Container& into = container(field);
    if (into.rule != nullptr) return;
    into.rule = field == Field::Env ? env_key_rule(entry_key) : secret_name_rule(entry_key);
    into.bad_key = entry_key;
  }

  // -- values --
  // Notes a value of the field at hand; answers its record where it stands at the top level.
  Gathered* note(Kind kind) noexcept {
    if (in_entries() && kind != Kind::String) at(field).wrong_type = true;
    if (depth != 1 || field == Field::Unknown) return nullptr;
    Gathered& record = at(field);
    record.repeated = record.repeated || record.seen;
    record.seen = true;
    if (kind != kind_of(field)) record.wrong_type = true;
    return &record;
  }
  bool on_string_part(Sv part, std::size_t total, Ec&) noexcept {
    // In an object the entry began with its key.
    const bool first = total == part.size() && !(in_entries() && kind_of(field) == Kind::Object);
    if (keeps_string()) put(part, first);
    return true;
  }
  bool on_string(Sv part, std::size_t total, Ec& ec) noexcept {
    on_string_part(part, total, ec);
    if (in_entries()) return add_entry(ec);
    Gathered* record = note(Kind::String);
    if (record == nullptr || !keeps_string()) return true;
    record->text = made();
    if (field == Field::Id) id = record->text;
    return true;
  }
  bool add_entry(Ec& ec) noexcept {
    if (start == nullptr) start = out;  // an array in place of an object: no key, and refused for it later
    if (kind_of(field) == Kind::Array) check_key(made());
    const auto offset = [this](const char* place) { return static_cast<std::uint32_t>(place - base); };
    if (container(field).entries.add({offset(start), offset(out)})) return true;
    out_of_memory = true;
    ec = boost::json::error::exception;
    return false;
  }
  bool on_bool(bool truth, Ec&) noexcept {
    if (Gathered* record = note(Kind::Bool)) record->truth = truth;
    return true;
  }
  bool other() noexcept {
    note(Kind::Other);
    return true;
  }
  bool on_null(Ec&) noexcept { return other(); }
  bool on_int64(std::int64_t, Sv, Ec&) noexcept { return other(); }
  bool on_uint64(std::uint64_t, Sv, Ec&) noexcept { return other(); }
  bool on_double(double d, Sv, Ec& ec) noexcept { return other() && json_number_fits(d, ec); }

  // -- nesting --
  bool open(Kind kind) noexcept {
    if (depth == 0) is_object = kind == Kind::Object;
    note(kind);
    ++depth;
    return true;
  }
  bool close() noexcept {
    --depth;
    return true;
  }
  bool on_object_begin(Ec&) noexcept { return open(Kind::Object); }
  bool on_array_begin(Ec&) noexcept { return open(Kind::Array); }
  bool on_object_end(std::size_t, Ec&) noexcept { return close(); }
  bool on_array_end(std::size_t, Ec&) noexcept { return close(); }
};

// ---- what an op asks of its fields ----

using FieldSet = std::uint32_t;

template <class... Fields>
constexpr FieldSet set_of(Fields... fields) noexcept {
  return (FieldSet{0} | ... | (FieldSet{1} << std::to_underlying(fields)));
}

struct OpRule {
  std::string_view name;
  Op op;
  bool extension;  // beyond protocol 1
  FieldSet needed;
  FieldSet optional;
};

constexpr std::array kOps = {
    OpRule{"ping", Op::Ping, false, 0, 0},
    OpRule{"set_env", Op::SetEnv, false, set_of(Field::Env), set_of(Field::Merge, Field::IfMatch)},
    OpRule{"set_secret", Op::SetSecret, false, set_of(Field::Name, Field::ValueB64), set_of(Field::IfMatch)},
    OpRule{"apply", Op::Apply, true, 0,
           set_of(Field::Env, Field::EnvMode, Field::Secrets, Field::SecretsMode, Field::DeleteSecrets, Field::IfMatch,
                  Field::Epoch)},
    OpRule{"delete_secret", Op::DeleteSecret, true, set_of(Field::Name), set_of(Field::IfMatch)},
    OpRule{"stat", Op::Stat, true, 0, 0},
    OpRule{"wipe", Op::Wipe, true, 0, set_of(Field::IfMatch)},
    OpRule{"info", Op::Info, true, 0, 0},
};
constexpr FieldSet kAlwaysNeeded = set_of(Field::Op, Field::Id);

FixedText invalid(std::string_view what) noexcept {
  FixedText text("invalid request json: ");
  text << what;
  return text;
}

FixedText check_fields(const RequestEvents& events, FieldSet needed, FieldSet optional) noexcept {
  for (FieldSet left = needed | optional; left != 0; left &= left - 1) {
    const auto i = static_cast<std::size_t>(std::countr_zero(left));
    const Gathered& at = events.fields[i];
    const bool missing = !at.seen && (needed >> i & 1) != 0;
    const char* fault = at.repeated ? "repeated" : at.wrong_type ? "wrong type" : missing ? "missing" : nullptr;
    if (fault == nullptr) continue;
    FixedText text = invalid("field \"");
    return text << kFieldNames[i] << "\": " << fault;
  }
  return {};
}

// ---- the rules behind the shape ----

FixedText broken(std::string_view subject, std::string_view name, std::string_view rule) noexcept {
  FixedText text(subject);
  return text.quoted(name) << ": " << rule;
}

FixedText take_env(RequestEvents& events, Request& request) noexcept {
  Container& env = events.container(Field::Env);
  if (env.rule != nullptr) return broken("env key ", env.bad_key, env.rule);
  request.has_env = events.at(Field::Env).seen;
  request.env = std::move(env.entries);
  request.env.settle();
  for (const Entries::Entry entry : request.env.all()) {
    const char* rule = env_value_rule(request.env.value(entry));
    if (rule != nullptr) return broken("value of env key ", request.env.key(entry), rule);
  }
  return {};
}

FixedText not_base64(std::string_view name, std::size_t position) noexcept {
  FixedText text = broken("value_b64 of secret ", name, "not padded standard base64 at byte ");
  return text << position;
}

FixedText take_name(const RequestEvents& events, Request& request) noexcept {
  request.name = events.at(Field::Name).text;
  const char* rule = secret_name_rule(request.name);
  return rule == nullptr ? FixedText() : broken("secret name ", request.name, rule);
}

FixedText take_secret(const RequestEvents& events, Request& request) noexcept {
  if (FixedText fault = take_name(events, request); !fault.empty()) return fault;
  const std::string_view encoded = events.at(Field::ValueB64).text;
  char* const place = events.base + (encoded.data() - events.base);  // the same text, writable
  const auto size = decode_base64(encoded, place);
  if (!size) return not_base64(request.name, size.error());
  request.value = {place, *size};
  return {};
}

FixedText take_secrets(RequestEvents& events, Request& request) noexcept {
  Container& secrets = events.container(Field::Secrets);
  if (secrets.rule != nullptr) return broken("secret name ", secrets.bad_key, secrets.rule);
  request.has_secrets = events.at(Field::Secrets).seen;
  request.secrets = std::move(secrets.entries);
  request.secrets.settle();
  for (Entries::Entry& entry : request.secrets.all()) {
    const auto size = decode_base64(request.secrets.value(entry), request.secrets.value_place(entry));
    if (!size) return not_base64(request.secrets.key(entry), size.error());
    entry.end -= static_cast<std::uint32_t>(request.secrets.value(entry).size() - *size);
  }
  return {};
}

FixedText take_deleted(RequestEvents& events, Request& request) noexcept {
  Container& deleted = events.container(Field::DeleteSecrets);
  if (deleted.rule != nullptr) return broken("secret name ", deleted.bad_key, deleted.rule);
  request.deleted = std::move(deleted.entries);
  request.deleted.settle();
  for (const Entries::Entry entry : request.deleted.all()) {
    const std::string_view name = request.deleted.key(entry);
    if (request.secrets.contains(name)) return broken("secret ", name, "both set and deleted");
  }
  return {};
}

FixedText take_mode(const RequestEvents& events, Field field, Mode& mode) noexcept {
  const Gathered& at = events.at(field);
  if (!at.seen) return {};
  if (at.text != "replace" && at.text != "merge") {
    return broken("field ", kFieldNames[std::to_underlying(field)], "must be replace or merge");
  }
  mode = at.text == "merge" ? Mode::Merge : Mode::Replace;
  return {};
}

FixedText take_conditions(const RequestEvents& events, const OpRule& rule, Request& request) noexcept {
  const auto given = [&](Field field) { return (rule.optional & set_of(field)) != 0 && events.at(field).seen; };
  if (given(Field::IfMatch)) request.if_match = events.at(Field::IfMatch).text;
  if (!given(Field::Epoch)) return {};
  request.epoch = events.at(Field::Epoch).text;
  if (request.epoch->size() <= kMaxEpoch) return {};
  return FixedText("field \"epoch\": at most 255 bytes");
}

FixedText take_apply(RequestEvents& events, Request& request) noexcept {
  FixedText fault = take_mode(events, Field::EnvMode, request.env_mode);
  if (fault.empty()) fault = take_mode(events, Field::SecretsMode, request.secrets_mode);
  if (fault.empty()) fault = take_env(events, request);
  if (fault.empty()) fault = take_secrets(events, request);
  if (fault.empty()) fault = take_deleted(events, request);
  return fault;
}

FixedText take_values(RequestEvents& events, Request& request) noexcept {
  switch (request.op) {
    case Op::SetEnv:
      request.env_mode = events.at(Field::Merge).truth ? Mode::Merge : Mode::Replace;
      return take_env(events, request);
    case Op::SetSecret:
      return take_secret(events, request);
    case Op::DeleteSecret:
      return take_name(events, request);
    case Op::Apply:
      return take_apply(events, request);
    default:
      return {};
  }
}

FixedText interpret(RequestEvents& events, ParsedLine& parsed) noexcept {
  if (!events.is_object) return invalid("not an object");
  const std::string_view op = events.at(Field::Op).text;
  const OpRule* const rule = std::ranges::find(kOps, op, &OpRule::name);
  const bool known = rule != kOps.end();
  parsed.extended =
      known && (rule->extension || ((rule->optional & set_of(Field::IfMatch)) != 0 && events.at(Field::IfMatch).seen));
  if (FixedText fault = check_fields(events, kAlwaysNeeded, 0); !fault.empty()) return fault;
  if (!known) return invalid("unknown op");
  if (FixedText fault = check_fields(events, rule->needed, rule->optional); !fault.empty()) return fault;
  parsed.request.op = rule->op;
  if (FixedText fault = take_conditions(events, *rule, parsed.request); !fault.empty()) return fault;
  return take_values(events, parsed.request);
}

}  // namespace

ParsedLine parse_request(std::span<char> line) noexcept {
  clamp_exponents(line);
  boost::json::basic_parser<RequestEvents> parser(strict_json(), line);
  const JsonFault fault = read_json(parser, {line.data(), line.size()});
  RequestEvents& events = parser.handler();

  ParsedLine parsed;
  parsed.id = events.id;
  if (events.out_of_memory) {
    parsed.failure = {FailureCode::Busy, FixedText("busy: out of memory")};
  } else if (fault) {
    parsed.failure.text = invalid(fault.what);
    parsed.failure.text << " at byte " << fault.position;
  } else {
    parsed.failure.text = interpret(events, parsed);
  }
  return parsed;
}

}  // namespace microvm::wire
