// Where each device of the guest sits: its name in QEMU and its place on the PCI bus. A snapshot keeps it, since a
// restored guest must find its devices where they were.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "standin/backend/guest.h"
#include "standin/json/value.h"

namespace microvm::standin::qemu {

struct Place {
  std::string device;  ///< "drive/rootfs", "vsock": see below
  std::string name;
  std::string bus;
  std::uint64_t slot = 0;
};

inline std::string drive_key(std::string_view id) { return "drive/" + std::string(id); }
inline std::string net_key(std::string_view id) { return "net/" + std::string(id); }
inline constexpr std::string_view kVsock = "vsock";
inline constexpr std::string_view kBalloon = "balloon";
inline constexpr std::string_view kEntropy = "entropy";

class Layout {
 public:
  static constexpr std::uint64_t kPortsSlot = 0x1e;  ///< of the ports that devices are plugged into while it runs
  static constexpr std::uint64_t kPorts = 8;

  /// Of a guest that is about to boot.
  static Layout of(const Guest& guest);
  static std::optional<Layout> from_json(const json::Value& saved);
  [[nodiscard]] json::Value to_json() const;

  /// Null for a device that QEMU does not give the guest.
  [[nodiscard]] const Place* find(std::string_view device) const;
  /// A place at a free port; null when all are taken.
  const Place* plug(std::string device);
  void remove(std::string_view device);
  /// All of them have a slot.
  [[nodiscard]] bool fits() const;

 private:
  void add(std::string device);

  std::vector<Place> places_;
  std::uint64_t next_name_ = 0;
};

}  // namespace microvm::standin::qemu
