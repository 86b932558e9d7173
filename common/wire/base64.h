// Base64 as the protocol wants it (RFC 4648 section 4): standard alphabet, padding required, spare bits zero.
#pragma once

#include <cstddef>
#include <expected>
#include <string_view>

#include "common/base/bytes.h"

namespace microvm::wire {

constexpr std::size_t base64_size(std::size_t n) noexcept { return (n + 2) / 3 * 4; }

/// Appends the encoding of `bytes`; false when there is no memory.
[[nodiscard]] bool append_base64(Bytes& out, std::string_view bytes) noexcept;

/// Decodes `text` to `out`, which may be where `text` stands, and has room for 3/4 of its size. Answers the decoded
/// size, or the position of the first byte that breaks the rule (`text.size()` when its length does).
std::expected<std::size_t, std::size_t> decode_base64(std::string_view text, char* out) noexcept;

}  // namespace microvm::wire
