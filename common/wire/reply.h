// Replies: written by the daemon, read by the host.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

#include "common/base/bytes.h"

namespace microvm::wire {

/// Writes one reply: fields in the order of the calls, then `end`. Without memory it leaves nothing behind.
class ReplyWriter {
 public:
  ReplyWriter(Bytes& out, std::string_view id, bool ok) noexcept;

  ReplyWriter& text(std::string_view name, std::string_view value) noexcept;
  ReplyWriter& number(std::string_view name, std::uint64_t value) noexcept;
  ReplyWriter& flag(std::string_view name, bool value) noexcept;
  ReplyWriter& null(std::string_view name) noexcept;
  /// `open` and `close` are "{" and "}" or "[" and "]". In an array names are empty.
  ReplyWriter& begin(std::string_view name, std::string_view open) noexcept;
  ReplyWriter& close(std::string_view close) noexcept;

  /// Takes back what was appended so far; then the writer is done.
  void drop() noexcept { out_.truncate(before_); }
  /// False when there was no memory; then nothing was appended.
  [[nodiscard]] bool end() noexcept;

 private:
  void raw(std::string_view text) noexcept { good_ = good_ && out_.append(text); }
  void name(std::string_view name) noexcept;

  Bytes& out_;
  std::size_t before_;
  bool good_ = true;
  bool first_ = true;  // in the object or array at hand
};

/// `{"id":"…","ok":true}` and `{"id":"…","ok":false,"error":"…"}`, each with its newline.
[[nodiscard]] bool append_ok_reply(Bytes& out, std::string_view id) noexcept;
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
