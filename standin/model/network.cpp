#include "standin/model/network.h"

#include <array>

namespace microvm::standin {
namespace {

using json::member;
using json::Presence;

constexpr std::array kNetworkInterface = {
    member<&NetworkInterface::id>("iface_id"),
    member<&NetworkInterface::host_dev_name>("host_dev_name"),
    member<&NetworkInterface::guest_mac>("guest_mac"),
    member<&NetworkInterface::mtu>("mtu"),
    member<&NetworkInterface::rx_rate_limiter>("rx_rate_limiter"),
    member<&NetworkInterface::tx_rate_limiter>("tx_rate_limiter"),
};
constexpr std::array kNetworkInterfaceUpdate = {
    member<&NetworkInterfaceUpdate::id>("iface_id"),
    member<&NetworkInterfaceUpdate::rx_rate_limiter>("rx_rate_limiter"),
    member<&NetworkInterfaceUpdate::tx_rate_limiter>("tx_rate_limiter"),
};
constexpr std::array<std::string_view, 2> kMmdsVersions = {"V1", "V2"};
constexpr std::array kMmdsConfig = {
    member<&MmdsConfig::version>("version", Presence::Default),
    member<&MmdsConfig::network_interfaces>("network_interfaces"),
    member<&MmdsConfig::ipv4_address>("ipv4_address"),
    member<&MmdsConfig::imds_compat>("imds_compat", Presence::Default),
};

constexpr json::Object kNetworkInterfaceObject{"NetworkInterfaceConfig", kNetworkInterface};
constexpr json::Object kNetworkInterfaceUpdateObject{"NetworkInterfaceUpdateConfig", kNetworkInterfaceUpdate};
constexpr json::Names kMmdsVersionNames{kMmdsVersions};
constexpr json::Object kMmdsConfigObject{"MmdsConfig", kMmdsConfig};

}  // namespace

const json::Object& describe(const NetworkInterface* /*type*/) { return kNetworkInterfaceObject; }
const json::Object& describe(const NetworkInterfaceUpdate* /*type*/) { return kNetworkInterfaceUpdateObject; }
const json::Names& describe(const MmdsVersion* /*type*/) { return kMmdsVersionNames; }
const json::Object& describe(const MmdsConfig* /*type*/) { return kMmdsConfigObject; }

}  // namespace microvm::standin
