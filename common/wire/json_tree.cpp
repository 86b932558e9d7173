#include "common/wire/json_tree.h"

#include <algorithm>
#include <utility>

#include "common/wire/json_in.h"

namespace microvm::wire {
namespace {

struct TreeEvents : JsonEvents {
  Json root;
  // The arrays and objects that are open, outermost first: nothing is added to one while one inside it is open, so
  // that they stay where they are.
  std::vector<Json*> open;
  std::string key, text;
  std::size_t count = 0;

  template <class T>
  Json* add(T value, Ec& ec) {
    if (++count > kMaxReplyValues) {
      ec = boost::json::error::exception;
      return nullptr;
    }
    Json* at = &root;
    if (!open.empty()) {
      auto* array = std::get_if<Json::Array>(&open.back()->value);
      at = array != nullptr ? &array->emplace_back()
                            : &std::get<Json::Object>(open.back()->value).emplace_back(Json::Member{key, {}}).value;
    }
    at->value = std::move(value);
    at->index = count - 1;
    return at;
  }
  template <class Container>
  bool begin(Ec& ec) {
    Json* const container = add(Container{}, ec);
    if (container != nullptr) open.push_back(container);
    return container != nullptr;
  }
  bool end() {
    open.pop_back();
    return true;
  }

  bool on_object_begin(Ec& ec) { return begin<Json::Object>(ec); }
  bool on_array_begin(Ec& ec) { return begin<Json::Array>(ec); }
  bool on_object_end(std::size_t, Ec&) { return end(); }
  bool on_array_end(std::size_t, Ec&) { return end(); }
  bool on_key_part(Sv part, std::size_t n, Ec&) { return gather(key, part, n); }
  bool on_key(Sv part, std::size_t n, Ec&) { return gather(key, part, n); }
  bool on_string_part(Sv part, std::size_t n, Ec&) { return gather(text, part, n); }
  bool on_string(Sv part, std::size_t n, Ec& ec) { return gather(text, part, n) && add(text, ec) != nullptr; }
  bool on_bool(bool truth, Ec& ec) { return add(truth, ec) != nullptr; }
  bool on_null(Ec& ec) { return add(std::monostate{}, ec) != nullptr; }
  bool on_int64(std::int64_t n, Sv, Ec& ec) {
    return (n < 0 ? add(static_cast<double>(n), ec) : add(static_cast<std::uint64_t>(n), ec)) != nullptr;
  }
  bool on_uint64(std::uint64_t n, Sv, Ec& ec) { return add(n, ec) != nullptr; }
  bool on_double(double d, Sv, Ec& ec) { return json_number_fits(d, ec) && add(d, ec) != nullptr; }

  // `total` counts this part too: the first part of a string starts it anew.
  static bool gather(std::string& into, Sv part, std::size_t total) {
    if (total == part.size()) into.clear();
    into.append(part.data(), part.size());
    return true;
  }
};

std::size_t behind_string(std::string_view text, std::size_t at) noexcept {
  for (++at; at < text.size() && text[at] != '"'; ++at)
    if (text[at] == '\\') ++at;
  return std::min(at + 1, text.size());
}

}  // namespace

const Json* Json::find(std::string_view name) const noexcept {
  const auto* object = as<Object>();
  if (object == nullptr) return nullptr;
  const auto named = [&](const Member& member) { return member.name == name; };
  const auto found = std::find_if(object->rbegin(), object->rend(), named);
  return found == object->rend() ? nullptr : &found->value;
}

std::expected<Json, JsonError> read_json_tree(std::string_view line) {
  std::string text(line);
  clamp_exponents(text);
  boost::json::basic_parser<TreeEvents> parser(strict_json());
  const JsonFault fault = read_json(parser, text);
  if (!fault) return std::move(parser.handler().root);
  const bool too_many = parser.handler().count > kMaxReplyValues;
  const std::string what = too_many ? "more than " + std::to_string(kMaxReplyValues) + " values" : fault.what;
  return std::unexpected(JsonError{what + " at byte " + std::to_string(fault.position), fault.position});
}

std::size_t json_offset(std::string_view text, std::size_t index) noexcept {
  std::size_t name = text.npos;  // of the member whose value comes next
  for (std::size_t at = 0; (at = text.find_first_not_of(" \t\r\n,:]}", at)) != text.npos;) {
    const std::size_t begin = at;
    if (text[at] == '"') {
      at = behind_string(text, at);
      if (text.substr(skip_json_blanks(text, at)).starts_with(':')) {
        name = begin;
        continue;
      }
    } else if (text[at] == '{' || text[at] == '[') {
      ++at;
    } else {
      at = text.find_first_of(" \t\r\n,:]}", at);
    }
    if (index-- == 0) return std::min(begin, name);
    name = text.npos;
  }
  return text.size();
}

}  // namespace microvm::wire
