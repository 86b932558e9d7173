// Replies: written by the daemon, read by the host.
#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "common/base/bytes.h"
#include "common/wire/json_out.h"
#include "common/wire/json_tree.h"

namespace microvm::wire {

class ReplyWriter : public JsonWriter {
 public:
  ReplyWriter(Bytes& out, std::string_view id, bool ok) noexcept : JsonWriter(out) { text("id", id).flag("ok", ok); }
};

/// `{"id":"…","ok":true}` and `{"id":"…","ok":false,"error":"…"}`, each with its newline.
[[nodiscard]] bool append_ok_reply(Bytes& out, std::string_view id) noexcept;
[[nodiscard]] bool append_error_reply(Bytes& out, std::string_view id, std::string_view error) noexcept;

struct Reply {
  std::string id;
  bool ok = false;
  std::string error;   ///< empty on success
  std::string code{};  ///< of a refusal, where the daemon gives one
  Json fields{};       ///< the whole object
};

/// Reads one reply line (without its newline). The guest is not trusted: anything that is not a JSON object with a
/// string `id`, a boolean `ok` and, if present, strings `error` and `code` is refused; the text says why and quotes
/// nothing.
std::expected<Reply, std::string> parse_reply(std::string_view line);

}  // namespace microvm::wire
