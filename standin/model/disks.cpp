#include "standin/model/disks.h"

#include <array>

namespace microvm::standin {
namespace {

using json::member;
using json::Presence;

constexpr std::array<std::string_view, 2> kCacheTypes = {"Unsafe", "Writeback"};
constexpr std::array<std::string_view, 2> kIoEngines = {"Async", "Sync"};

constexpr std::array kDrive = {
    member<&Drive::id>("drive_id"),
    member<&Drive::partuuid>("partuuid"),
    member<&Drive::is_root_device>("is_root_device"),
    member<&Drive::cache_type>("cache_type", Presence::Default),
    member<&Drive::is_read_only>("is_read_only"),
    member<&Drive::path_on_host>("path_on_host"),
    member<&Drive::rate_limiter>("rate_limiter"),
    member<&Drive::io_engine>("io_engine"),
    member<&Drive::socket>("socket"),
};
constexpr std::array kDriveUpdate = {
    member<&DriveUpdate::id>("drive_id"),
    member<&DriveUpdate::path_on_host>("path_on_host"),
    member<&DriveUpdate::rate_limiter>("rate_limiter"),
};
constexpr std::array kPmem = {
    member<&Pmem::id>("id"),
    member<&Pmem::path_on_host>("path_on_host"),
    member<&Pmem::root_device>("root_device", Presence::Default),
    member<&Pmem::read_only>("read_only", Presence::Default),
    member<&Pmem::rate_limiter>("rate_limiter"),
};
constexpr std::array kPmemUpdate = {
    member<&PmemUpdate::id>("id"),
    member<&PmemUpdate::rate_limiter>("rate_limiter"),
};

constexpr json::Names kCacheTypeNames{kCacheTypes};
constexpr json::Names kIoEngineNames{kIoEngines};
constexpr json::Object kDriveObject{"BlockDeviceConfig", kDrive};
constexpr json::Object kDriveUpdateObject{"BlockDeviceUpdateConfig", kDriveUpdate};
constexpr json::Object kPmemObject{"PmemConfig", kPmem};
constexpr json::Object kPmemUpdateObject{"PmemDeviceUpdateConfig", kPmemUpdate};

}  // namespace

const json::Names& describe(const CacheType* /*type*/) { return kCacheTypeNames; }
const json::Names& describe(const IoEngine* /*type*/) { return kIoEngineNames; }
const json::Object& describe(const Drive* /*type*/) { return kDriveObject; }
const json::Object& describe(const DriveUpdate* /*type*/) { return kDriveUpdateObject; }
const json::Object& describe(const Pmem* /*type*/) { return kPmemObject; }
const json::Object& describe(const PmemUpdate* /*type*/) { return kPmemUpdateObject; }

}  // namespace microvm::standin
