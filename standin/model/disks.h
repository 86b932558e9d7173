// What is made of files of the host: drives and persistent memory.
#pragma once

#include <optional>
#include <string>

#include "standin/model/rate_limiter.h"

namespace microvm::standin {

enum class CacheType : std::uint8_t { Unsafe, Writeback };
enum class IoEngine : std::uint8_t { Async, Sync };

struct Drive {
  std::string id;
  std::optional<std::string> partuuid;
  bool is_root_device = false;
  CacheType cache_type = CacheType::Unsafe;
  std::optional<bool> is_read_only;
  std::optional<std::string> path_on_host;
  std::optional<RateLimiter> rate_limiter;
  std::optional<IoEngine> io_engine;
  std::optional<std::string> socket;  ///< of a vhost-user backend

  [[nodiscard]] bool is_root() const noexcept { return is_root_device; }
};

struct DriveUpdate {
  std::string id;
  std::optional<std::string> path_on_host;
  std::optional<RateLimiter> rate_limiter;
};

struct Pmem {
  std::string id;
  std::string path_on_host;
  bool root_device = false;
  bool read_only = false;
  std::optional<RateLimiter> rate_limiter;

  [[nodiscard]] bool is_root() const noexcept { return root_device; }
};

struct PmemUpdate {
  std::string id;
  std::optional<RateLimiter> rate_limiter;
};

const json::Names& describe(const CacheType*);
const json::Names& describe(const IoEngine*);
const json::Object& describe(const Drive*);
const json::Object& describe(const DriveUpdate*);
const json::Object& describe(const Pmem*);
const json::Object& describe(const PmemUpdate*);

}  // namespace microvm::standin
