#include "standin/qemu/devices.h"

#include <sys/random.h>
#include <sys/stat.h>

#include <array>
#include <cstdio>

#include "standin/qemu/json_words.h"
#include "standin/qemu/limits.h"

namespace microvm::standin::qemu {
namespace {

json::Map device(const char* driver, const Place& place) {
  std::array<char, 17> slot{};
  std::snprintf(slot.data(), slot.size(), "%x", static_cast<unsigned>(place.slot));
  return {{"driver", value(driver)},
          {"id", value(place.name)},
          {"bus", value(place.bus)},
          {"addr", value(std::string(slot.data()))},
          {"disable-legacy", value("on")}};
}

struct stat info_of(int file) {
  struct stat info{};
  ::fstat(file, &info);
  return info;
}

// As Firecracker's: what tells the file from others on its host, and no more than the device can say.
std::string serial_of(int file) {
  constexpr std::size_t kMost = 20;
  const struct stat info = info_of(file);
  return (std::to_string(info.st_dev) + std::to_string(info.st_rdev) + std::to_string(info.st_ino)).substr(0, kMost);
}

// Without one of its own an interface gets any: QEMU would give each guest's the same.
std::string random_mac() {
  std::array<unsigned char, 6> bytes{};
  while (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) continue;
  bytes[0] = static_cast<unsigned char>((bytes[0] | 2U) & ~1U);
  std::array<char, 18> text{};
  std::snprintf(text.data(), text.size(), "%02x:%02x:%02x:%02x:%02x:%02x", bytes[0], bytes[1], bytes[2], bytes[3],
                bytes[4], bytes[5]);
  return text.data();
}

}  // namespace

json::Map drive_limits(const DriveDevice& drive, const Place& place) {
  return {{"qom-type", value("throttle-group")},
          {"id", value(limits_name(place))},
          {"limits", value(throttle_limits(drive.config.rate_limiter))}};
}

json::Map drive_file(const DriveDevice& drive, const std::string& path, const std::string& node) {
  const bool is_device = S_ISBLK(info_of(drive.file.get()).st_mode);
  return {{"driver", value(is_device ? "host_device" : "file")},
          {"node-name", value(node)},
          {"filename", value(path)},
          {"locking", value("off")},
          {"read-only", value(drive.config.is_read_only.value_or(false))},
          {"cache", value(json::Map{{"no-flush", value(drive.config.cache_type == CacheType::Unsafe)}})}};
}

json::Map drive_node(const DriveDevice& drive, const Place& place, const std::string& node,
                     const std::string& file_node) {
  return {{"driver", value("throttle")},
          {"node-name", value(node)},
          {"read-only", value(drive.config.is_read_only.value_or(false))},
          {"throttle-group", value(limits_name(place))},
          {"file", value(file_node)}};
}

json::Map drive_device(const DriveDevice& drive, const Place& place, const std::string& node) {
  json::Map map = device("virtio-blk-pci", place);
  map.emplace("drive", value(node));
  map.emplace("serial", value(serial_of(drive.file.get())));
  map.emplace("num-queues", value(1U));
  map.emplace("share-rw", value(true));
  map.emplace("werror", value("report"));
  map.emplace("rerror", value("report"));
  return map;
}

json::Map net_backend(const Place& place, const std::string& fd) {
  return {{"type", value("tap")}, {"id", value(tap_name(place))}, {"fd", value(fd)}};
}

json::Map net_device(const NetworkDevice& interface, const Place& place) {
  json::Map map = device("virtio-net-pci", place);
  map.emplace("netdev", value(tap_name(place)));
  map.emplace("mac", value(interface.config.guest_mac ? interface.config.guest_mac->text : random_mac()));
  map.emplace("romfile", value(""));
  if (interface.config.mtu) map.emplace("host_mtu", value(*interface.config.mtu));
  return map;
}

json::Map vsock_device(const Vsock& vsock, const Place& place, const std::string& fd) {
  json::Map map = device("vhost-vsock-pci", place);
  map.emplace("guest-cid", value(vsock.guest_cid));
  map.emplace("vhostfd", value(fd));
  // QEMU offers these whatever the other side can do.
  map.emplace("event_idx", value(false));
  map.emplace("indirect_desc", value(false));
  return map;
}

json::Map balloon_device(const Balloon& balloon, const Place& place) {
  json::Map map = device("virtio-balloon-pci", place);
  map.emplace("deflate-on-oom", value(balloon.deflate_on_oom));
  map.emplace("free-page-reporting", value(balloon.free_page_reporting));
  return map;
}

json::Map entropy_device(const Entropy& entropy, const Place& place) {
  json::Map map = device("virtio-rng-pci", place);
  add_entropy_limits(map, entropy.rate_limiter);
  return map;
}

}  // namespace microvm::standin::qemu
