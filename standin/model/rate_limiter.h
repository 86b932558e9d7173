// Token buckets.
#pragma once

#include <cstdint>
#include <optional>

#include "standin/json/table.h"

namespace microvm::standin {

struct TokenBucket {
  std::uint64_t size = 0;
  std::optional<std::uint64_t> one_time_burst;
  std::uint64_t refill_time_ms = 0;

  /// A bucket without tokens or time limits nothing, nor does one whose time does not fit in nanoseconds.
  [[nodiscard]] bool limits() const noexcept;
};

struct RateLimiter {
  std::optional<TokenBucket> bandwidth;
  std::optional<TokenBucket> ops;
};

/// As a device holds it: buckets that limit, a burst only if there is one; nothing when there is none.
std::optional<RateLimiter> effective(const std::optional<RateLimiter>& limiter);

/// A bucket that is given replaces the old one, one that limits nothing takes it away, a missing one leaves it alone.
void update(std::optional<RateLimiter>& limiter, const std::optional<RateLimiter>& change);

const json::Object& describe(const TokenBucket*);
const json::Object& describe(const RateLimiter*);

}  // namespace microvm::standin
