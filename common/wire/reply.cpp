#include "common/wire/reply.h"

#include <utility>

namespace microvm::wire {
namespace {

// False when the value is of another type.
template <class T>
bool take(const Json& value, T& to) {
  const T* const found = value.as<T>();
  if (found != nullptr) to = *found;
  return found != nullptr;
}

}  // namespace

bool append_ok_reply(Bytes& out, std::string_view id) noexcept { return ReplyWriter(out, id, true).end(); }

bool append_error_reply(Bytes& out, std::string_view id, std::string_view error) noexcept {
  return ReplyWriter(out, id, false).text("error", error).end();
}

std::expected<Reply, std::string> parse_reply(std::string_view line) {
  auto tree = read_json_tree(line);
  if (!tree) return std::unexpected("not valid JSON: " + tree.error().text);
  const auto* object = tree->as<Json::Object>();
  if (object == nullptr) return std::unexpected("not a JSON object");
  Reply reply;
  bool has_id = false, has_ok = false, good = true;
  for (const auto& [name, value] : *object) {
    if (name == "id") {
      good = take(value, reply.id) && good;
      has_id = true;
    } else if (name == "ok") {
      good = take(value, reply.ok) && good;
      has_ok = true;
    } else if (name == "error") {
      good = take(value, reply.error) && good;
    } else if (name == "code") {
      good = take(value, reply.code) && good;
    }
  }
  if (!good) return std::unexpected("a field has the wrong type");
  if (!has_id || !has_ok) return std::unexpected(R"("id" or "ok" is missing)");
  reply.fields = std::move(*tree);
  return reply;
}

}  // namespace microvm::wire
