// Where a text stops being UTF-8, in the words of the language that Firecracker is written in.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace microvm::standin::json {

struct Utf8Fault {
  std::size_t valid_up_to = 0;
  std::size_t length = 0;  ///< bytes of the bad sequence; 0: the text ends within one
  [[nodiscard]] std::string text() const;
};

std::optional<Utf8Fault> utf8_fault(std::string_view text) noexcept;

/// Every bad sequence becomes U+FFFD.
std::string utf8_lossy(std::string_view text);

}  // namespace microvm::standin::json
