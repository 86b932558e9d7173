#include "standin/qemu/layout.h"

#include <algorithm>

#include "standin/qemu/json_words.h"

namespace microvm::standin::qemu {

// In the order in which Firecracker numbers them: the guest's /dev/vda is the first drive.
Layout Layout::of(const Guest& guest) {
  Layout layout;
  for (const DriveDevice& drive : guest.drives) layout.add(drive_key(drive.config.id));
  for (const NetworkDevice& device : guest.interfaces) layout.add(net_key(device.config.id));
  if (guest.vsock) layout.add(std::string(kVsock));
  if (guest.balloon) layout.add(std::string(kBalloon));
  if (guest.entropy) layout.add(std::string(kEntropy));
  return layout;
}

void Layout::add(std::string device) {
  const std::uint64_t number = next_name_++;
  places_.push_back({std::move(device), "device" + std::to_string(number), "pcie.0", number + 1});
}

bool Layout::fits() const {
  return std::ranges::all_of(places_, [](const Place& place) { return place.slot < kPortsSlot; });
}

const Place* Layout::find(std::string_view device) const {
  const auto found = std::ranges::find(places_, device, &Place::device);
  return found == places_.end() ? nullptr : &*found;
}

const Place* Layout::plug(std::string device) {
  for (std::uint64_t port = 0; port < kPorts; ++port) {
    const std::string bus = "port" + std::to_string(port);
    if (std::ranges::count(places_, bus, &Place::bus) != 0) continue;
    places_.push_back({std::move(device), "device" + std::to_string(next_name_++), bus, 0});
    return &places_.back();
  }
  return nullptr;
}

void Layout::remove(std::string_view device) {
  std::erase_if(places_, [device](const Place& place) { return place.device == device; });
}

json::Value Layout::to_json() const {
  json::List list;
  for (const Place& place : places_)
    list.push_back(value(json::Map{{"device", value(place.device)},
                                   {"name", value(place.name)},
                                   {"bus", value(place.bus)},
                                   {"slot", value(place.slot)}}));
  return value(json::Map{{"next", value(next_name_)}, {"places", value(std::move(list))}});
}

std::optional<Layout> Layout::from_json(const json::Value& saved) {
  const auto* list = std::get_if<json::List>(&member(saved, "places").data);
  if (list == nullptr) return std::nullopt;
  Layout layout;
  layout.next_name_ = number_of(member(saved, "next"));
  for (const json::Value& place : *list)
    layout.places_.push_back({std::string(text_of(member(place, "device"))),
                              std::string(text_of(member(place, "name"))), std::string(text_of(member(place, "bus"))),
                              number_of(member(place, "slot"))});
  return layout;
}

}  // namespace microvm::standin::qemu
