// Replies: written by the daemon, read by the host.
#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "common/base/bytes.h"

namespace microvm::wire {

/// Appends `{"id":"…","ok":true}` and a newline; false when there is no memory (nothing is appended).
[[nodiscard]] bool append_ok_reply(Bytes& out, std::string_view id) noexcept;
/// Appends `{"id":"…","ok":false,"error":"…"}` and a newline.
[[nodiscard]] bool append_error_reply(Bytes& out, std::string_view id, std::string_view error) noexcept;

struct Reply {
  std::string id;
  bool ok = false;
  std::string error;  ///< empty on success
};

/// Reads one reply line (without its newline). The guest is not trusted: anything that is not a JSON object with a
/// string `id`, a boolean `ok` and, if present, a string `error` is refused; the text says why and quotes nothing.
std::expected<Reply, std::string> parse_reply(std::string_view line);

}  // namespace microvm::wire
