// Requests as the host writes them: one line, newline included.
#pragma once

#include <string_view>

#include "common/base/bytes.h"

namespace microvm::wire {

/// Writes one request into `line`, which it empties first. The line may hold values: `Bytes` wipes it.
/// After a false answer (no memory) the line is unusable.
class RequestWriter {
 public:
  explicit RequestWriter(Bytes& line) noexcept : line_(line) {}

  [[nodiscard]] bool ping(std::string_view id) noexcept;
  [[nodiscard]] bool set_secret(std::string_view id, std::string_view name, std::string_view value) noexcept;

  /// set_env is begin, any number of entries, end.
  [[nodiscard]] bool begin_set_env(std::string_view id, bool merge) noexcept;
  [[nodiscard]] bool env_entry(std::string_view key, std::string_view value) noexcept;
  [[nodiscard]] bool end_set_env() noexcept;

 private:
  [[nodiscard]] bool begin(std::string_view op, std::string_view id) noexcept;

  Bytes& line_;
  bool first_entry_ = true;
};

}  // namespace microvm::wire
