#include "standin/model/rate_limiter.h"

#include <array>
#include <limits>

namespace microvm::standin {
namespace {

using json::member;

constexpr std::array kTokenBucket = {
    member<&TokenBucket::size>("size"),
    member<&TokenBucket::one_time_burst>("one_time_burst"),
    member<&TokenBucket::refill_time_ms>("refill_time"),
};
constexpr std::array kRateLimiter = {
    member<&RateLimiter::bandwidth>("bandwidth"),
    member<&RateLimiter::ops>("ops"),
};
constexpr json::Object kTokenBucketObject{"TokenBucketConfig", kTokenBucket, true};
constexpr json::Object kRateLimiterObject{"RateLimiterConfig", kRateLimiter};

std::optional<TokenBucket> effective(const std::optional<TokenBucket>& bucket) {
  if (!bucket || !bucket->limits()) return std::nullopt;
  TokenBucket kept = *bucket;
  if (kept.one_time_burst == 0) kept.one_time_burst.reset();
  return kept;
}

}  // namespace

bool TokenBucket::limits() const noexcept {
  constexpr std::uint64_t kNanosecondsInOne = 1'000'000;
  return size != 0 && refill_time_ms != 0 &&
         refill_time_ms <= std::numeric_limits<std::uint64_t>::max() / kNanosecondsInOne;
}

std::optional<RateLimiter> effective(const std::optional<RateLimiter>& limiter) {
  if (!limiter) return std::nullopt;
  RateLimiter kept{effective(limiter->bandwidth), effective(limiter->ops)};
  if (!kept.bandwidth && !kept.ops) return std::nullopt;
  return kept;
}

void update(std::optional<RateLimiter>& limiter, const std::optional<RateLimiter>& change) {
  if (!change) return;
  RateLimiter next = limiter.value_or(RateLimiter{});
  if (change->bandwidth) next.bandwidth = change->bandwidth;
  if (change->ops) next.ops = change->ops;
  limiter = effective(next);
}

const json::Object& describe(const TokenBucket* /*type*/) { return kTokenBucketObject; }
const json::Object& describe(const RateLimiter* /*type*/) { return kRateLimiterObject; }

}  // namespace microvm::standin
