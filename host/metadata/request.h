// Requests as lines: what breaks a rule or a limit is Invalid, before anything is sent.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "common/base/bytes.h"
#include "microvm/metadata.h"

namespace microvm::metadata {

using IfMatch = std::optional<std::string_view>;

/// A request without values: ping, stat, info, wipe.
Result<void> write_bare(Bytes& line, std::string_view op, std::string_view id, IfMatch if_match = {});
Result<void> write_set_env(Bytes& line, std::string_view id, const Env& env, EnvMode mode);
Result<void> write_set_secret(Bytes& line, std::string_view id, std::string_view name, std::string_view value);
Result<void> write_delete_secret(Bytes& line, std::string_view id, std::string_view name, IfMatch if_match);
Result<void> write_apply(Bytes& line, std::string_view id, const Change& change);

inline std::string_view text_of(std::span<const std::byte> bytes) noexcept {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace microvm::metadata
