// The keys that leave a console: `ctrl-p,ctrl-q`.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace microvm::cli {

/// Single characters and `ctrl-` with a letter or one of @[\]^_, with commas between; empty: none. At most 8 keys.
std::optional<std::string> parse_keys(std::string_view text);

/// Looks for a sequence of keys in what is typed. What may be its beginning is held back until that is known.
class DetachKeys {
 public:
  explicit DetachKeys(std::string keys) : keys_(std::move(keys)) {}

  /// Appends to `out` what is not of the sequence; true once it is complete, what is behind it is dropped.
  [[nodiscard]] bool take(std::string_view typed, std::string& out);

 private:
  std::string keys_;
  std::string held_;
};

}  // namespace microvm::cli
