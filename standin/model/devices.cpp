#include "standin/model/devices.h"

#include <array>

namespace microvm::standin {
namespace {

using json::member;
using json::Presence;

constexpr std::array kVsock = {
    member<&Vsock::vsock_id>("vsock_id", Presence::Hidden),
    member<&Vsock::guest_cid>("guest_cid"),
    member<&Vsock::uds_path>("uds_path"),
};
constexpr std::array kBalloon = {
    member<&Balloon::amount_mib>("amount_mib"),
    member<&Balloon::deflate_on_oom>("deflate_on_oom"),
    member<&Balloon::stats_polling_interval_s>("stats_polling_interval_s", Presence::Default),
    member<&Balloon::free_page_hinting>("free_page_hinting", Presence::Default),
    member<&Balloon::free_page_reporting>("free_page_reporting", Presence::Default),
};
constexpr std::array kBalloonUpdate = {member<&BalloonUpdate::amount_mib>("amount_mib")};
constexpr std::array kBalloonStatsUpdate = {
    member<&BalloonStatsUpdate::stats_polling_interval_s>("stats_polling_interval_s")};
constexpr std::array kStartHinting = {
    member<&StartHinting::acknowledge_on_stop>("acknowledge_on_stop", Presence::Default)};
constexpr std::array kEntropy = {member<&Entropy::rate_limiter>("rate_limiter")};
constexpr std::array kMemoryHotplug = {
    member<&MemoryHotplug::total_size>("total_size_mib"),
    member<&MemoryHotplug::block_size>("block_size_mib", Presence::Default),
    member<&MemoryHotplug::slot_size>("slot_size_mib", Presence::Default),
};
constexpr std::array kMemoryHotplugUpdate = {member<&MemoryHotplugUpdate::requested_size>("requested_size_mib")};
constexpr std::array kSerial = {
    member<&Serial::serial_out_path>("serial_out_path"),
    member<&Serial::rate_limiter>("rate_limiter"),
};

constexpr json::Object kVsockObject{"VsockDeviceConfig", kVsock};
constexpr json::Object kBalloonObject{"BalloonDeviceConfig", kBalloon};
constexpr json::Object kBalloonUpdateObject{"BalloonUpdateConfig", kBalloonUpdate};
constexpr json::Object kBalloonStatsUpdateObject{"BalloonUpdateStatsConfig", kBalloonStatsUpdate};
constexpr json::Object kStartHintingObject{"StartHintingCmd", kStartHinting, true};
constexpr json::Object kEntropyObject{"EntropyDeviceConfig", kEntropy};
constexpr json::Object kMemoryHotplugObject{"MemoryHotplugConfig", kMemoryHotplug};
constexpr json::Object kMemoryHotplugUpdateObject{"MemoryHotplugSizeUpdate", kMemoryHotplugUpdate};
constexpr json::Object kSerialObject{"SerialConfig", kSerial};

}  // namespace

const json::Object& describe(const Vsock* /*type*/) { return kVsockObject; }
const json::Object& describe(const Balloon* /*type*/) { return kBalloonObject; }
const json::Object& describe(const BalloonUpdate* /*type*/) { return kBalloonUpdateObject; }
const json::Object& describe(const BalloonStatsUpdate* /*type*/) { return kBalloonStatsUpdateObject; }
const json::Object& describe(const StartHinting* /*type*/) { return kStartHintingObject; }
const json::Object& describe(const Entropy* /*type*/) { return kEntropyObject; }
const json::Object& describe(const MemoryHotplug* /*type*/) { return kMemoryHotplugObject; }
const json::Object& describe(const MemoryHotplugUpdate* /*type*/) { return kMemoryHotplugUpdateObject; }
const json::Object& describe(const Serial* /*type*/) { return kSerialObject; }

}  // namespace microvm::standin
