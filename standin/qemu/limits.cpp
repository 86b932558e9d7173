#include "standin/qemu/limits.h"

#include <algorithm>

#include "standin/qemu/json_words.h"

namespace microvm::standin::qemu {
namespace {

constexpr double kMost = 1e15;  // QEMU's own limit

void add_bucket(json::Map& limits, const std::string& name, const std::optional<TokenBucket>& bucket) {
  std::uint64_t per_second = 0;
  std::uint64_t at_once = 0;
  if (bucket && bucket->limits()) {
    const double rate = 1000.0 * static_cast<double>(bucket->size) / static_cast<double>(bucket->refill_time_ms);
    per_second = static_cast<std::uint64_t>(std::clamp(rate, 1.0, kMost));
    if (bucket->size >= per_second) at_once = std::min(bucket->size, static_cast<std::uint64_t>(kMost));
  }
  limits.insert_or_assign(name, value(per_second));
  limits.insert_or_assign(name + "-max", value(at_once));
}

}  // namespace

json::Map throttle_limits(const std::optional<RateLimiter>& limiter) {
  json::Map limits;
  add_bucket(limits, "bps-total", limiter ? limiter->bandwidth : std::nullopt);
  add_bucket(limits, "iops-total", limiter ? limiter->ops : std::nullopt);
  return limits;
}

void add_entropy_limits(json::Map& device, const std::optional<RateLimiter>& limiter) {
  if (!limiter || !limiter->bandwidth || !limiter->bandwidth->limits()) return;
  constexpr std::uint64_t kMostMs = 0xFFFF'FFFF;
  constexpr std::uint64_t kMostBytes = 0x7FFF'FFFF'FFFF'FFFF;
  device.insert_or_assign("max-bytes", value(std::min(limiter->bandwidth->size, kMostBytes)));
  device.insert_or_assign("period", value(std::min(limiter->bandwidth->refill_time_ms, kMostMs)));
}

}  // namespace microvm::standin::qemu
