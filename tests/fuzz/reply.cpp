// The reader of replies against the plain reader of JSON and the rule in its header.
#include "common/wire/reply.h"

#include <algorithm>
#include <cstdint>
#include <string>

#include "tests/fuzz/check.h"
#include "tests/fuzz/reference_json.h"

namespace microvm::fuzz {
namespace {

bool is_string(const Json& json) { return json.is(Json::Kind::String); }
bool is_bool(const Json& json) { return json.is(Json::Kind::True) || json.is(Json::Kind::False); }

// What the rule makes of it: a reply, or none.
std::optional<wire::Reply> reference(const Json& json) {
  if (!json.is(Json::Kind::Object)) return std::nullopt;
  for (std::size_t i = 0; i < json.keys.size(); ++i) {
    const std::string& key = json.keys[i];
    const bool text = key == "id" || key == "error" || key == "code";
    if (text && !is_string(json.items[i])) return std::nullopt;
    if (key == "ok" && !is_bool(json.items[i])) return std::nullopt;
  }
  const Json* const id = json.last("id", is_string);
  const Json* const ok = json.last("ok", is_bool);
  const Json* const error = json.last("error", is_string);
  const Json* const code = json.last("code", is_string);
  if (id == nullptr || ok == nullptr) return std::nullopt;
  return wire::Reply{.id = id->text,
                     .ok = ok->is(Json::Kind::True),
                     .error = error == nullptr ? "" : error->text,
                     .code = code == nullptr ? "" : code->text};
}

// The whole tree, value by value.
bool same(const wire::Json& read, const Json& json) {
  switch (json.kind) {
    case Json::Kind::Null:
      return read.is_null();
    case Json::Kind::True:
    case Json::Kind::False:
      return read.as<bool>() != nullptr && *read.as<bool>() == json.is(Json::Kind::True);
    case Json::Kind::Number:
      return read.as<double>() != nullptr || read.as<std::uint64_t>() != nullptr;
    case Json::Kind::String:
      return read.as<std::string>() != nullptr && *read.as<std::string>() == json.text;
    case Json::Kind::Array: {
      const auto* array = read.as<wire::Json::Array>();
      return array != nullptr && std::ranges::equal(*array, json.items, same);
    }
    case Json::Kind::Object: {
      const auto* object = read.as<wire::Json::Object>();
      return object != nullptr && std::ranges::equal(*object, json.keys, {}, &wire::Json::Member::name) &&
             std::ranges::equal(*object, json.items, same, &wire::Json::Member::value);
    }
  }
  return false;
}

// A number that rounds to the end of what a double holds may be taken or not.
constexpr double kCertainlyFits = 1e307;

void read(std::string_view line) {
  const auto reply = wire::parse_reply(line);
  const auto json = read_reference_json(line);
  const auto expected = json ? reference(*json) : std::nullopt;
  if (reply) {
    check(expected.has_value(), "what is taken is a reply");
    check(reply->id == expected->id && reply->ok == expected->ok && reply->error == expected->error &&
              reply->code == expected->code,
          "as it stands there");
    check(same(reply->fields, *json), "and so is the rest");
  } else {
    check(!expected || largest_number(*json) > kCertainlyFits, "what is refused is no reply");
    check(!reply.error().empty() && reply.error().size() < 100, "the reason is short");
  }
}

// Whatever the daemon answers, the host can read.
void write(std::string_view text) {
  const auto json = read_reference_json("\"" + std::string(text) + "\"");
  if (!json) return;
  Bytes out;
  check(wire::append_error_reply(out, json->text, json->text), "there is memory");
  const auto reply = wire::parse_reply(out.view().substr(0, out.size() - 1));
  check(reply && reply->id == json->text && reply->error == json->text, "what is written is read");
  check(out.view().find('\n') == out.size() - 1, "a reply is one line");
}

}  // namespace
}  // namespace microvm::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  microvm::fuzz::read(input);
  microvm::fuzz::write(input);
  return 0;
}
