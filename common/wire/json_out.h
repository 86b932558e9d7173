// JSON text out: the few pieces the protocol needs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "common/base/bytes.h"

namespace microvm::wire {

/// Appends `text` (UTF-8) as a JSON string with its quotes and the shortest escapes; false when there is no memory.
[[nodiscard]] bool append_json_string(Bytes& out, std::string_view text) noexcept;

/// Writes one object and a newline: fields in the order of the calls, then `end`. Without memory it leaves nothing
/// behind.
class JsonWriter {
 public:
  explicit JsonWriter(Bytes& out) noexcept;

  JsonWriter& text(std::string_view name, std::string_view value) noexcept;
  JsonWriter& base64(std::string_view name, std::string_view bytes) noexcept;
  JsonWriter& number(std::string_view name, std::uint64_t value) noexcept;
  JsonWriter& flag(std::string_view name, bool value) noexcept;
  JsonWriter& null(std::string_view name) noexcept;
  /// `open` and `close` are "{" and "}" or "[" and "]". In an array names are empty.
  JsonWriter& begin(std::string_view name, std::string_view open) noexcept;
  JsonWriter& close(std::string_view close) noexcept;

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

}  // namespace microvm::wire
