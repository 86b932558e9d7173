// Network interfaces, and the metadata service that answers on them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "standin/model/rate_limiter.h"
#include "standin/model/text_rules.h"

namespace microvm::standin {

struct NetworkInterface {
  std::string id;
  std::string host_dev_name;
  std::optional<MacAddress> guest_mac;
  std::optional<std::uint16_t> mtu;
  std::optional<RateLimiter> rx_rate_limiter;
  std::optional<RateLimiter> tx_rate_limiter;
};

struct NetworkInterfaceUpdate {
  std::string id;
  std::optional<RateLimiter> rx_rate_limiter;
  std::optional<RateLimiter> tx_rate_limiter;
};

enum class MmdsVersion : std::uint8_t { V1, V2 };

struct MmdsConfig {
  MmdsVersion version = MmdsVersion::V1;
  std::vector<std::string> network_interfaces;
  std::optional<Ipv4Address> ipv4_address;
  bool imds_compat = false;
};

const json::Object& describe(const NetworkInterface*);
const json::Object& describe(const NetworkInterfaceUpdate*);
const json::Names& describe(const MmdsVersion*);
const json::Object& describe(const MmdsConfig*);

}  // namespace microvm::standin
