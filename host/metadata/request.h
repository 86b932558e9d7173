// Requests as lines: what breaks a rule or a limit is Invalid, before anything is sent.
#pragma once

#include <span>
#include <string_view>

#include "common/base/bytes.h"
#include "microvm/metadata.h"

namespace microvm::metadata {

Result<void> write_ping(Bytes& line, std::string_view id);
Result<void> write_set_env(Bytes& line, std::string_view id, const Env& env, EnvMode mode);
Result<void> write_set_secret(Bytes& line, std::string_view id, std::string_view name, std::string_view value);

inline std::string_view text_of(std::span<const std::byte> bytes) noexcept {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace microvm::metadata
