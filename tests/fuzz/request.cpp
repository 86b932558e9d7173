// The reader of requests, which writes into the line that it reads, against the plain reader of JSON.
#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "common/wire/base64.h"
#include "common/wire/reply.h"
#include "common/wire/request_in.h"
#include "common/wire/rules.h"
#include "tests/fuzz/check.h"
#include "tests/fuzz/reference_json.h"

namespace microvm::fuzz {
namespace {

using wire::Entries;
using wire::Op;
using Texts = std::map<std::string, std::string>;

constexpr std::string_view kSyntax = "invalid request json: ";
constexpr double kCertainlyFits = 1e307;  // a number that rounds to the end of what a double holds may be taken or not

bool is_string(const Json& json) { return json.is(Json::Kind::String); }
bool is_object(const Json& json) { return json.is(Json::Kind::Object); }
bool is_array(const Json& json) { return json.is(Json::Kind::Array); }

std::string text_of(const Json& json, std::string_view name) {
  const Json* const found = json.last(name, is_string);
  return found == nullptr ? "" : found->text;
}

std::string decoded(const std::string& text) {
  std::string bytes(text.size(), '\0');
  const auto size = wire::decode_base64(text, bytes.data());
  check(size.has_value(), "the text is base64");
  bytes.resize(*size);
  return bytes;
}

// The strings of an object or an array; of a repeated key the last.
Texts strings_of(const Json& json, std::string_view name, bool base64) {
  Texts strings;
  if (const Json* const object = json.last(name, is_object)) {
    for (std::size_t i = 0; i < object->keys.size(); ++i) strings[object->keys[i]] = object->items[i].text;
    for (auto& [key, value] : strings) value = base64 ? decoded(value) : value;
  }
  if (const Json* const array = json.last(name, is_array)) {
    for (const Json& item : array->items) strings[item.text] = "";
  }
  return strings;
}

class Line {
 public:
  explicit Line(std::string_view text) : bytes_(text.begin(), text.end()), parsed_(wire::parse_request(bytes_)) {}

  void compare(const std::optional<Json>& json) {
    const std::string_view error = parsed_.failure.text.view();
    within(parsed_.id);
    check(std::ranges::all_of(error, [](char c) { return c >= ' ' && c <= '~'; }), "an error is plain text");
    reply_can_be_read();
    if (!json) {
      check(error.starts_with(kSyntax), "what is not JSON is refused");
      return;
    }
    const bool too_large = error.starts_with("invalid request json: number out of range");
    check(!too_large || largest_number(*json) > kCertainlyFits, "a number that fits is taken");
    if (too_large) return;
    check(!error.starts_with("invalid request json: syntax") && !error.starts_with("invalid request json: more") &&
              !error.starts_with("invalid request json: nested"),
          "what is JSON is read");
    check(parsed_.id == (is_object(*json) ? text_of(*json, "id") : ""), "the id is the last string one");
    if (!parsed_.failure) compare_values(*json);
  }

 private:
  void within(std::string_view view) const {
    const char* const begin = bytes_.data();
    check(view.empty() || (view.data() >= begin && view.data() + view.size() <= begin + bytes_.size()),
          "a view is in the line");
  }
  void reply_can_be_read() const {
    Bytes out;
    check(wire::append_error_reply(out, parsed_.id, parsed_.failure.text.view()), "there is memory");
    const auto reply = wire::parse_reply(out.view().substr(0, out.size() - 1));
    check(reply && reply->id == parsed_.id && reply->error == parsed_.failure.text.view(), "the reply can be read");
  }

  void compare_values(const Json& json) const {
    const wire::Request& request = parsed_.request;
    check(is_object(json), "a request is an object");
    const std::string op = text_of(json, "op");
    static const std::map<std::string, Op> kOps = {{"ping", Op::Ping},
                                                   {"set_env", Op::SetEnv},
                                                   {"set_secret", Op::SetSecret},
                                                   {"delete_secret", Op::DeleteSecret},
                                                   {"apply", Op::Apply},
                                                   {"stat", Op::Stat},
                                                   {"wipe", Op::Wipe},
                                                   {"info", Op::Info}};
    check(kOps.contains(op) && kOps.at(op) == request.op, "the op is the one asked for");
    const bool env = request.op == Op::SetEnv || request.op == Op::Apply;
    compare_entries(request.env, env ? strings_of(json, "env", false) : Texts());
    compare_entries(request.secrets, request.op == Op::Apply ? strings_of(json, "secrets", true) : Texts());
    compare_keys(request.deleted, request.op == Op::Apply ? strings_of(json, "delete_secrets", false) : Texts());
    const bool named = request.op == Op::SetSecret || request.op == Op::DeleteSecret;
    check(request.name == (named ? text_of(json, "name") : ""), "the name is the one given");
    check(request.value == (request.op == Op::SetSecret ? decoded(text_of(json, "value_b64")) : ""),
          "the value is the one given");
    for (const std::string_view view : {request.name, request.value}) within(view);
    if (request.if_match) check(*request.if_match == text_of(json, "if_match"), "if_match is the one given");
    if (request.epoch) check(*request.epoch == text_of(json, "epoch"), "the epoch is the one given");
    check_rules(request);
  }
  void compare_entries(const Entries& entries, const Texts& expected) const {
    check(entries.size() == expected.size(), "every key is there once");
    for (std::size_t i = 0; const auto& [key, value] : expected) {
      const Entries::Entry entry = entries.all()[i++];
      within(entries.line(entry));
      check(entries.key(entry) == key && entries.value(entry) == value, "an entry is the one given, and sorted");
    }
  }
  void compare_keys(const Entries& entries, const Texts& expected) const {
    check(entries.size() == expected.size(), "every name is there once");
    for (std::size_t i = 0; const auto& member : expected) {
      const Entries::Entry entry = entries.all()[i++];
      within(entries.line(entry));
      check(entries.line(entry) == member.first, "a name is the one given, and sorted");
    }
  }
  static void check_rules(const wire::Request& request) {
    for (const Entries::Entry entry : request.env.all()) {
      check(wire::env_key_rule(request.env.key(entry)) == nullptr, "the rule for env keys holds");
      check(wire::env_value_rule(request.env.value(entry)) == nullptr, "the rule for env values holds");
    }
    for (const Entries::Entry entry : request.secrets.all()) {
      check(wire::secret_name_rule(request.secrets.key(entry)) == nullptr, "the rule for secret names holds");
      check(!request.deleted.contains(request.secrets.key(entry)), "no secret is set and deleted");
    }
    for (const Entries::Entry entry : request.deleted.all()) {
      check(wire::secret_name_rule(request.deleted.key(entry)) == nullptr, "the rule for secret names holds");
    }
    check(request.name.empty() || wire::secret_name_rule(request.name) == nullptr, "the rule for secret names holds");
  }

  std::vector<char> bytes_;  // of exactly that size: AddressSanitizer sees a step beyond
  wire::ParsedLine parsed_;
};

}  // namespace
}  // namespace microvm::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  microvm::fuzz::Line(input).compare(microvm::fuzz::read_reference_json(input));
  return 0;
}
