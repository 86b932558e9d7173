// Firecracker's token buckets as QEMU's limits.
#pragma once

#include <optional>

#include "standin/json/value.h"
#include "standin/model/rate_limiter.h"

namespace microvm::standin::qemu {

/// `limits` of a throttle-group, every one of them: 0 where nothing is limited. QEMU knows a rate and how much may be
/// used at once, so a bucket's one-time burst is left out, and a bucket that holds less than one second's worth is let
/// through in tenths of a second.
json::Map throttle_limits(const std::optional<RateLimiter>& limiter);

/// Adds `max-bytes` and `period` of a virtio-rng device; operations are not limited there.
void add_entropy_limits(json::Map& device, const std::optional<RateLimiter>& limiter);

}  // namespace microvm::standin::qemu
