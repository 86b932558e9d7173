// The guest's devices as QEMU's objects: what its command line takes, and its monitor for what comes later.
#pragma once

#include <string>

#include "standin/backend/guest.h"
#include "standin/json/value.h"
#include "standin/qemu/layout.h"

namespace microvm::standin::qemu {

// A drive: its limits (an object), its file (a node), the node that applies the limits to the file, the device.
inline std::string limits_name(const Place& place) { return place.name + "-limits"; }
inline std::string drive_file_name(const Place& place) { return place.name + "-file"; }
inline std::string drive_node_name(const Place& place) { return place.name + "-drive"; }
json::Map drive_limits(const DriveDevice& drive, const Place& place);
/// `path` opens drive.file, `node` is the name it shall have.
json::Map drive_file(const DriveDevice& drive, const std::string& path, const std::string& node);
json::Map drive_node(const DriveDevice& drive, const Place& place, const std::string& node,
                     const std::string& file_node);
json::Map drive_device(const DriveDevice& drive, const Place& place, const std::string& node);

/// A network interface: what connects to the TAP (`fd` is a number or a name that QEMU knows), the device.
inline std::string tap_name(const Place& place) { return place.name + "-tap"; }
json::Map net_backend(const Place& place, const std::string& fd);
json::Map net_device(const NetworkDevice& interface, const Place& place);

json::Map vsock_device(const Vsock& vsock, const Place& place, const std::string& fd);
json::Map balloon_device(const Balloon& balloon, const Place& place);
json::Map entropy_device(const Entropy& entropy, const Place& place);

}  // namespace microvm::standin::qemu
