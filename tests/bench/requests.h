// What is asked of the daemons: lines with their newline.
#pragma once

#include <string>

namespace microvm::bench {

inline constexpr const char* kPing = "{\"op\":\"ping\",\"id\":\"x\"}\n";

/// Padded base64 of some value of that many bytes.
[[nodiscard]] std::string base64_of(std::size_t bytes);
[[nodiscard]] std::string set_secret(const std::string& name, std::size_t bytes);
[[nodiscard]] std::string set_env(int keys);
/// `count` secrets in one transaction.
[[nodiscard]] std::string apply_secrets(int count, std::size_t bytes, char variant);
[[nodiscard]] std::string repeated(const std::string& line, int times);

}  // namespace microvm::bench
