#include "common/wire/request_in.h"

#include <array>
#include <cstring>
#include <optional>
#include <utility>

#include "common/wire/base64.h"
#include "common/wire/json_in.h"
#include "common/wire/rules.h"

namespace microvm::wire {
namespace {

// ---- what the handler gathers, before the op is known ----

enum class Field : std::uint8_t { Op, Id, Env, Name, ValueB64, Merge, Unknown };
constexpr std::array<std::string_view, 6> kFieldNames = {"op", "id", "env", "name", "value_b64", "merge"};
constexpr std::size_t kLongestFieldName = 9;

struct Gathered {
  bool seen = false;
  bool repeated = false;
  bool wrong_type = false;
  std::string_view text;  // a string's
};

enum class Kind : std::uint8_t { String, Object, True, False, Other };

constexpr bool right_kind(Field field, Kind kind) noexcept {
  switch (field) {
    case Field::Env:
      return kind == Kind::Object;
    case Field::Merge:
      return kind == Kind::True || kind == Kind::False;
    default:
      return kind == Kind::String;
  }
}

struct RequestEvents : JsonEvents {
  explicit RequestEvents(std::span<char> line) noexcept : base(line.data()), out(line.data()) { env.set_base(base); }

  std::array<Gathered, 6> fields;
  EnvLines env;
  std::string_view bad_env_key;
  std::string_view id;  // the last string one
  bool has_bad_env_key = false;
  bool is_object = false;
  bool merge = false;
  bool out_of_memory = false;

  // Text goes back into the line: unescaped text is never longer than what it was made of, and an env entry
  // (`KEY=VALUE`) never longer than `"KEY":"VALUE"`, so `out` stays behind the place the parser reads.
  char* base;
  char* out;
  char* start = nullptr;  // of the string in the making
  int depth = 0;
  Field field = Field::Unknown;
  std::array<char, kLongestFieldName> key;
  std::size_t key_size = 0;
  std::uint32_t entry_begin = 0;

  [[nodiscard]] bool in_env() const noexcept { return depth == 2 && field == Field::Env; }
  [[nodiscard]] bool at_kept_string() const noexcept {
    return (depth == 1 && field != Field::Unknown && right_kind(field, Kind::String)) || in_env();
  }
  [[nodiscard]] std::uint32_t offset() const noexcept { return static_cast<std::uint32_t>(out - base); }

  void put(Sv part) noexcept {
    std::memmove(out, part.data(), part.size());
    out += part.size();
  }

  // -- keys --
  bool on_key_part(Sv part, std::size_t total, Ec&) noexcept {
    const bool first = total == part.size();
    if (in_env()) {
      if (first) entry_begin = offset();
      put(part);
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
    if (in_env()) {
      end_env_key();
    } else if (depth == 1) {
      field = lookup();
    }
    return true;
  }
  [[nodiscard]] Field lookup() const noexcept {
    if (key_size > key.size()) return Field::Unknown;
    const std::string_view name(key.data(), key_size);
    for (std::size_t i = 0; i < kFieldNames.size(); ++i) {
      if (kFieldNames[i] == name) return static_cast<Field>(i);
    }
    return Field::Unknown;
  }
  void end_env_key() noexcept {
    const std::string_view env_key(base + entry_begin, offset() - entry_begin);
    if (!has_bad_env_key && env_key_rule(env_key) != nullptr) {
      has_bad_env_key = true;
      bad_env_key = env_key;
    }
    put("=");
  }

  // -- values --
  // Notes a value of the field at hand at the top level; answers its record, or nullptr where there is none to keep.
  Gathered* note(Kind kind) noexcept {
    if (depth != 1 || field == Field::Unknown) {
      if (in_env() && kind != Kind::String) fields[std::to_underlying(Field::Env)].wrong_type = true;
      return nullptr;
    }
    Gathered& at = fields[std::to_underlying(field)];
    at.repeated = at.repeated || at.seen;
    at.seen = true;
    if (!right_kind(field, kind)) at.wrong_type = true;
    return &at;
  }
  bool on_string_part(Sv part, std::size_t total, Ec&) noexcept {
    if (!at_kept_string()) return true;
    if (total == part.size()) start = out;
    put(part);
    return true;
  }
  bool on_string(Sv part, std::size_t total, Ec& ec) noexcept {
    on_string_part(part, total, ec);
    if (in_env()) return add_entry(ec);
    Gathered* at = note(Kind::String);
    if (at == nullptr || !at_kept_string()) return true;
    at->text = {start, static_cast<std::size_t>(out - start)};
    if (field == Field::Id) id = at->text;
    return true;
  }
  bool add_entry(Ec& ec) noexcept {
    if (env.add({entry_begin, offset()})) return true;
    out_of_memory = true;
    ec = boost::json::error::exception;
    return false;
  }
  bool on_bool(bool truth, Ec&) noexcept {
    note(truth ? Kind::True : Kind::False);
    if (depth == 1 && field == Field::Merge) merge = truth;
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
  bool on_array_begin(Ec&) noexcept { return open(Kind::Other); }
  bool on_object_end(std::size_t, Ec&) noexcept { return close(); }
  bool on_array_end(std::size_t, Ec&) noexcept { return close(); }
};

// ---- what an op asks of its fields ----

struct OpRule {
  std::string_view name;
  Op op;
  std::array<std::optional<Field>, 2> needed;
  std::optional<Field> optional;
};

constexpr std::array kOps = {
    OpRule{"ping", Op::Ping, {}, {}},
    OpRule{"set_env", Op::SetEnv, {Field::Env}, Field::Merge},
    OpRule{"set_secret", Op::SetSecret, {Field::Name, Field::ValueB64}, {}},
};

constexpr std::string_view kInvalid = "invalid request json: ";

FixedText invalid(std::string_view what) noexcept {
  FixedText text(kInvalid);
  text << what;
  return text;
}

// Empty when the field is as it must be.
FixedText check_field(const RequestEvents& events, Field field, bool needed) noexcept {
  const Gathered& at = events.fields[std::to_underlying(field)];
  const char* fault = at.repeated ? "repeated" : at.wrong_type ? "wrong type" : !at.seen && needed ? "missing" : nullptr;
  if (fault == nullptr) return {};
  FixedText text(kInvalid);
  return text << "field \"" << kFieldNames[std::to_underlying(field)] << "\": " << fault;
}

FixedText check_fields(const RequestEvents& events, const OpRule& rule) noexcept {
  for (const auto& field : rule.needed) {
    if (!field) continue;
    if (FixedText fault = check_field(events, *field, true); !fault.empty()) return fault;
  }
  return rule.optional ? check_field(events, *rule.optional, false) : FixedText();
}

// ---- the rules behind the shape ----

FixedText take_env(RequestEvents& events, Request& request) noexcept {
  FixedText fault;
  if (events.has_bad_env_key) {
    fault << "env key ";
    return fault.quoted(events.bad_env_key) << ": " << env_key_rule(events.bad_env_key);
  }
  request.merge = events.merge;
  request.env = std::move(events.env);
  request.env.settle();
  for (const EnvLines::Entry entry : request.env.entries()) {
    const char* rule = env_value_rule(request.env.value(entry));
    if (rule == nullptr) continue;
    fault << "value of env key ";
    return fault.quoted(request.env.key(entry)) << ": " << rule;
  }
  return fault;
}

FixedText take_secret(RequestEvents& events, char* base, Request& request) noexcept {
  FixedText fault;
  request.name = events.fields[std::to_underlying(Field::Name)].text;
  if (const char* rule = secret_name_rule(request.name)) {
    fault << "secret name ";
    return fault.quoted(request.name) << ": " << rule;
  }
  const std::string_view encoded = events.fields[std::to_underlying(Field::ValueB64)].text;
  char* const place = base + (encoded.data() - base);  // the same text, writable
  const auto size = decode_base64(encoded, place);
  if (size) {
    request.value = {place, *size};
    return fault;
  }
  fault << "value_b64 of secret ";
  return fault.quoted(request.name) << ": not padded standard base64 at byte " << size.error();
}

FixedText interpret(RequestEvents& events, char* base, Request& request) noexcept {
  if (!events.is_object) return invalid("not an object");
  for (const Field field : {Field::Op, Field::Id}) {
    if (FixedText fault = check_field(events, field, true); !fault.empty()) return fault;
  }
  const std::string_view op = events.fields[std::to_underlying(Field::Op)].text;
  const OpRule* rule = nullptr;
  for (const OpRule& known : kOps) {
    if (known.name == op) rule = &known;
  }
  if (rule == nullptr) return invalid("unknown op; known are ping, set_env, set_secret");
  if (FixedText fault = check_fields(events, *rule); !fault.empty()) return fault;
  request.op = rule->op;
  switch (rule->op) {
    case Op::Ping:
      return {};
    case Op::SetEnv:
      return take_env(events, request);
    case Op::SetSecret:
      return take_secret(events, base, request);
  }
  return {};
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
    parsed.error << "busy: out of memory";
  } else if (fault) {
    parsed.error = invalid(fault.what);
    parsed.error << " at byte " << fault.position;
  } else {
    parsed.error = interpret(events, line.data(), parsed.request);
    parsed.good = parsed.error.empty();
  }
  return parsed;
}

}  // namespace microvm::wire
