#include "standin/json/table.h"

#include <cstddef>
#include <utility>

namespace microvm::standin::json {
namespace {

// "expected `a`", "expected `a` or `b`", "expected one of `a`, `b`, `c`"
std::string expected(std::span<const std::string_view> names) {
  const auto quoted = [](std::string_view name) { return "`" + std::string(name) + "`"; };
  if (names.size() == 2) return quoted(names[0]) + " or " + quoted(names[1]);
  std::string out = names.size() == 1 ? "" : "one of ";
  for (const std::string_view name : names) out += (out.ends_with('`') ? ", " : "") + quoted(name);
  return out;
}

std::size_t index_of(const Object& object, std::string_view name) noexcept {
  std::size_t i = 0;
  while (i < object.members.size() && object.members[i].name != name) ++i;
  return i;
}

bool unknown_member(Reader& in, const Object& object, const std::string& name) {
  if (object.takes_unknown) return in.colon() && in.skip_value();
  std::vector<std::string_view> names;
  for (const Member& member : object.members) names.push_back(member.name);
  return in.fail("unknown field `" + name + "`, expected " + expected(names));
}

bool read_members(Reader& in, const Object& object, void* into) {
  std::vector<bool> seen(object.members.size());
  bool first = true;
  for (std::string name; in.has_name(first, name);) {
    const std::size_t i = index_of(object, name);
    if (i == seen.size()) {
      if (!unknown_member(in, object, name)) return false;
      continue;
    }
    if (seen[i]) return in.fail("duplicate field `" + name + "`");
    seen[i] = true;
    if (!in.colon() || !object.members[i].read(in, into)) return false;
  }
  for (std::size_t i = 0; i < seen.size(); ++i) {
    if (!seen[i] && object.members[i].presence == Presence::Required)
      return in.fail("missing field `" + std::string(object.members[i].name) + "`");
  }
  return !in.failed();
}

bool read_elements(Reader& in, const Object& object, void* into) {
  bool first = true;
  for (std::size_t i = 0; i < object.members.size(); ++i) {
    const Member& member = object.members[i];
    if (in.has_element(first)) {
      if (!member.read(in, into)) return false;
    } else if (in.failed()) {
      return false;
    } else if (member.presence == Presence::Required || member.presence == Presence::Optional) {
      const std::size_t count = object.members.size();
      return in.fail("invalid length " + std::to_string(i) + ", expected struct " + std::string(object.name) +
                     " with " + std::to_string(count) + (count == 1 ? " element" : " elements"));
    }
  }
  return true;
}

bool find_name(Reader& in, const Names& names, const std::string& name, std::size_t& index) {
  for (index = 0; index < names.names.size(); ++index)
    if (names.names[index] == name) return true;
  in.fail("unknown variant `" + name + "`, expected " + expected(names.names));
  return in.placed();
}

}  // namespace

bool read_object(Reader& in, const Object& object, void* into) {
  switch (in.skip_space()) {
    case '{':
      return in.inside([&] { return read_members(in, object, into); });
    case '[':
      return in.inside([&] { return read_elements(in, object, into); });
    case Reader::kEnd:
      return in.fail_next("EOF while parsing a value");
    default:
      return in.unexpected("struct " + std::string(object.name));
  }
}

void write_object(std::string& out, const Object& object, const void* from) {
  out += '{';
  bool first = true;
  for (const Member& member : object.members) {
    std::string value;
    member.write(value, from);
    if (member.presence == Presence::Hidden && value == "null") continue;
    if (!std::exchange(first, false)) out += ',';
    append_quoted(out, member.name);
    out += ':';
    out += value;
  }
  out += '}';
}

// A name alone, or as the only one of an object: {"Paused":null}.
bool read_name(Reader& in, const Names& names, std::size_t& index) {
  const int byte = in.skip_space();
  std::string name;
  if (byte == '"') return in.string("", name) && find_name(in, names, name, index);
  if (byte != '{') return in.fail_next(byte == Reader::kEnd ? "EOF while parsing a value" : "expected value");
  return in.inside([&] {
    bool first = true;
    if (!in.has_name(first, name)) return in.failed() ? false : in.fail_next("expected value");
    return find_name(in, names, name, index) && in.colon() && in.null();
  });
}

bool read_checked(Reader& in, const TextRule& rule, std::string& into) {
  if (!in.string(rule.expected, into)) return false;
  auto why = rule.check(into);
  if (!why) return true;
  in.fail(std::move(*why));
  return rule.placed_at_once ? in.placed() : false;
}

}  // namespace microvm::standin::json
