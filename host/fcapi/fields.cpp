// Writing and reading by tables.
#include "host/fcapi/fields.h"

#include <fmt/format.h>

#include <algorithm>
#include <new>
#include <utility>

#include "common/base/bytes.h"
#include "common/base/printable.h"
#include "common/wire/json_out.h"

namespace microvm::fcapi {

bool Since::is_in(Version version) const noexcept {
  if (version >= first) return true;
  return backport && version >= *backport && version.major == backport->major && version.minor == backport->minor;
}

std::string Since::text() const {
  return backport ? version_text(first) + " or " + version_text(*backport) : version_text(first);
}

std::string Path::text() const {
  std::string text;
  for (const auto& [name, item] : steps_) {
    if (item) {
      text += fmt::format("[{}]", *item);
    } else {
      text += (text.empty() ? "" : ".") + printable(name, 64);
    }
  }
  return text;
}

std::string version_text(Version version) {
  return version.patch == 0 ? fmt::format("{}.{}", version.major, version.minor)
                            : fmt::format("{}.{}.{}", version.major, version.minor, version.patch);
}

void Writer::text(std::string_view text) {
  Bytes quoted;
  if (!wire::append_json_string(quoted, text)) throw std::bad_alloc();
  out_ += quoted.view();
}

void Writer::json(const Json& value) {
  if (auto read = wire::read_json_tree(value.text); !read) check("is not JSON: " + read.error().text);
  out_ += value.text;
}

void Writer::enter(std::string_view name, const Since& since) {
  path_.enter(name);
  gate("", since);
  text(name);
  out_ += ':';
}

void Writer::gate(std::string_view what, const Since& since) {
  if (since.is_in(version_)) return;
  fail(ErrorCode::Unsupported, fmt::format("{}needs Firecracker {}, this is {}", what, since.text(),
                                           fmt::format("{}.{}.{}", version_.major, version_.minor, version_.patch)));
}

void Writer::check(const std::string& rule) {
  if (!rule.empty()) fail(ErrorCode::Invalid, rule);
}

void Writer::fail(ErrorCode code, std::string what) {
  if (error_) return;
  const std::string path = path_.text();
  error_ = Error{code, 0, path.empty() ? std::move(what) : path + " " + what};
}

Result<std::string> Writer::finish() {
  if (error_) return std::unexpected(std::move(*error_));
  return std::move(out_);
}

void Reader::enter(std::string_view name, const wire::Json& value) {
  path_.enter(name);
  indices_.push_back(value.index);
}

void Reader::enter(std::size_t item, const wire::Json& value) {
  path_.enter(item);
  indices_.push_back(value.index);
}

void Reader::leave() {
  path_.leave();
  indices_.pop_back();
}

bool Reader::refuse(std::string_view what) {
  const std::string path = path_.text();
  fault_ = fmt::format("{} {}", path.empty() ? "it" : path, what);
  fault_index_ = indices_.empty() ? 0 : indices_.back();
  return false;
}

bool Reader::fail(std::string_view expected) { return refuse(fmt::format("is not {}", expected)); }

bool Reader::check(const std::string& rule) { return rule.empty() || refuse(rule); }

// In a strict reader: that each member is known, and there once.
static bool check_names(Reader& in, const Table& table, const wire::Json::Object& members) {
  for (std::size_t i = 0; i < members.size(); ++i) {
    const auto& [name, value] = members[i];
    in.enter(name, value);
    if (std::ranges::find(table.fields, name, &Field::name) == table.fields.end()) return in.check("is unknown");
    const auto earlier = std::span(members).first(i);
    if (std::ranges::find(earlier, name, &wire::Json::Member::name) != earlier.end()) return in.check("is there twice");
    in.leave();
  }
  return true;
}

void write_table(Writer& out, const Table& table, const void* body) {
  if (table.rule != nullptr) out.check(table.rule(body));
  out.raw(write_members(out, table, body, "{") == "{" ? "{}" : "}");
}

std::string_view write_members(Writer& out, const Table& table, const void* body, std::string_view before) {
  for (const Field& field : table.fields) {
    if (field.is_absent(body)) continue;
    out.raw(std::exchange(before, ","));
    out.enter(field.name, field.since);
    field.write(out, body);
    out.leave();
  }
  return before;
}

bool read_table(Reader& in, const Table& table, const wire::Json& value, void* body) {
  const auto* const members = value.as<wire::Json::Object>();
  if (members == nullptr) return in.fail("an object");
  if (in.is_strict() && !check_names(in, table, *members)) return false;
  if (!read_members(in, table, value, body)) return false;
  const bool has_rule = in.is_strict() && table.rule != nullptr && !table.is_rule_of_requests;
  return !has_rule || in.check(table.rule(body));
}

bool read_members(Reader& in, const Table& table, const wire::Json& object, void* body) {
  for (const Field& field : table.fields) {
    const wire::Json* const member = object.find(field.name);
    const bool is_absent = member == nullptr || member->is_null();
    if (is_absent && !field.is_required) continue;
    in.enter(field.name, is_absent ? object : *member);
    if (is_absent ? !in.fail("there") : !field.read(in, *member, body)) return false;
    in.leave();
  }
  return true;
}

void write_name(Writer& out, Names names, std::size_t index) {
  if (index >= names.size()) return out.check("is none of its values");
  out.gate(fmt::format("\"{}\" ", names[index].text), names[index].since);
  out.text(names[index].text);
}

bool read_name(Reader& in, Names names, const wire::Json& value, std::size_t& index) {
  const auto* const text = value.as<std::string>();
  if (text == nullptr) return in.fail("a text");
  const auto found = std::ranges::find(names, *text, &Name::text);
  if (found == names.end()) return in.fail("a value that is known here: " + printable(*text, 64));
  index = static_cast<std::size_t>(found - names.begin());
  return true;
}

void write(Writer& out, const std::map<std::string, std::string>& values) {
  std::string_view before = "{";
  for (const auto& [name, value] : values) {
    out.raw(std::exchange(before, ","));
    out.text(name);
    out.raw(":");
    out.text(value);
  }
  out.raw(values.empty() ? "{}" : "}");
}

bool read(Reader& in, const wire::Json& value, bool& into) {
  const bool* const found = value.as<bool>();
  if (found == nullptr) return in.fail("true or false");
  into = *found;
  return true;
}

bool read(Reader& in, const wire::Json& value, std::string& into) {
  const auto* const found = value.as<std::string>();
  if (found == nullptr) return in.fail("a text");
  into = *found;
  return true;
}

bool read(Reader& in, const wire::Json& value, std::map<std::string, std::string>& into) {
  const auto* const members = value.as<wire::Json::Object>();
  if (members == nullptr) return in.fail("an object");
  for (const auto& [name, member] : *members) {
    in.enter(name, member);
    const auto [place, is_new] = into.try_emplace(name);
    if (!is_new && in.is_strict()) return in.check("is there twice");
    if (!read(in, member, place->second)) return false;
    in.leave();
  }
  return true;
}

bool read_number(Reader& in, const wire::Json& value, std::uint64_t most, std::uint64_t& into) {
  const auto* const found = value.as<std::uint64_t>();
  if (found == nullptr || *found > most) return in.fail(fmt::format("a number from 0 to {}", most));
  into = *found;
  return true;
}

}  // namespace microvm::fcapi
