// The devices of which a machine has one: vsock, balloon, entropy, pluggable memory, serial console.
#pragma once

#include <optional>
#include <string>

#include "standin/model/rate_limiter.h"
#include "standin/model/text_rules.h"

namespace microvm::standin {

struct Vsock {
  std::optional<std::string> vsock_id;  ///< deprecated
  std::uint32_t guest_cid = 0;
  std::string uds_path;
};

struct Balloon {
  std::uint32_t amount_mib = 0;
  bool deflate_on_oom = false;
  std::uint16_t stats_polling_interval_s = 0;
  bool free_page_hinting = false;
  bool free_page_reporting = false;
};
struct BalloonUpdate {
  std::uint32_t amount_mib = 0;
};
struct BalloonStatsUpdate {
  std::uint16_t stats_polling_interval_s = 0;
};
struct StartHinting {
  bool acknowledge_on_stop = true;
};

struct Entropy {
  std::optional<RateLimiter> rate_limiter;
};

struct MemoryHotplug {
  static constexpr std::uint64_t kLeastBlockMib = 2;
  static constexpr std::uint64_t kLeastSlotMib = 128;

  Mib total_size;
  Mib block_size{kLeastBlockMib};
  Mib slot_size{kLeastSlotMib};
};
struct MemoryHotplugUpdate {
  Mib requested_size;
};

struct Serial {
  std::optional<Path> serial_out_path;
  std::optional<TokenBucket> rate_limiter;
};

const json::Object& describe(const Vsock*);
const json::Object& describe(const Balloon*);
const json::Object& describe(const BalloonUpdate*);
const json::Object& describe(const BalloonStatsUpdate*);
const json::Object& describe(const StartHinting*);
const json::Object& describe(const Entropy*);
const json::Object& describe(const MemoryHotplug*);
const json::Object& describe(const MemoryHotplugUpdate*);
const json::Object& describe(const Serial*);

}  // namespace microvm::standin
