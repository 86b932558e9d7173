// Whether bytes are UTF-8: what JSON can carry as a string.
#pragma once

#include <string_view>

namespace microvm::metadata {

/// RFC 3629: no overlong form, no surrogate, nothing above U+10FFFF.
bool is_utf8(std::string_view text) noexcept;

}  // namespace microvm::metadata
