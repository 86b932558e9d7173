#include "standin/qemu/drives.h"

#include <unistd.h>

#include "standin/qemu/devices.h"
#include "standin/qemu/json_words.h"
#include "standin/qemu/limits.h"

namespace microvm::standin::qemu {
namespace {

constexpr std::uint64_t kSector = 512;

}  // namespace

void Drives::started_with(const DriveDevice& drive, const Place& place) {
  const int file = drive.file.get();
  held_[place.name] = {file, static_cast<std::uint64_t>(file), drive_node_name(place), drive_file_name(place)};
}

Result<Drives::Held> Drives::hold(Machine& machine, const DriveDevice& drive, const Place& place) {
  const std::string number = std::to_string(next_++);
  Held held{drive.file.get(), 0, drive_node_name(place) + number, drive_file_name(place) + number};
  auto given = machine.ask("add-fd", {}, held.file);
  if (!given) return std::unexpected(std::move(given.error()));
  held.fdset = number_of(member(*given, "fdset-id"));
  const std::string path = "/dev/fdset/" + std::to_string(held.fdset);
  auto added = machine.tell("blockdev-add", drive_file(drive, path, held.file_node));
  if (added) added = machine.tell("blockdev-add", drive_node(drive, place, held.node, held.file_node));
  if (!added) return std::unexpected(std::move(added.error()));
  return held;
}

Done Drives::let_go(Machine& machine, const Held& held) {
  auto gone = machine.tell("blockdev-del", {{"node-name", value(held.node)}});
  if (gone) gone = machine.tell("blockdev-del", {{"node-name", value(held.file_node)}});
  if (gone) gone = machine.tell("remove-fd", {{"fdset-id", value(held.fdset)}});
  return gone;
}

Done Drives::plug(Machine& machine, const DriveDevice& drive, const Place& place) {
  if (auto limited = machine.tell("object-add", drive_limits(drive, place)); !limited) return limited;
  auto held = hold(machine, drive, place);
  if (!held) return std::unexpected(std::move(held.error()));
  held_[place.name] = *held;
  return machine.tell("device_add", drive_device(drive, place, held->node));
}

Done Drives::change(Machine& machine, const DriveDevice& drive, const Place& place) {
  auto done = machine.tell("qom-set", {{"path", value("/objects/" + limits_name(place))},
                                       {"property", value("limits")},
                                       {"value", value(throttle_limits(drive.config.rate_limiter))}});
  Held& before = held_[place.name];
  if (!done || drive.file.get() == before.file) return done;
  auto now = hold(machine, drive, place);
  if (!now) return std::unexpected(std::move(now.error()));
  done = machine.tell("qom-set", {{"path", value("/machine/peripheral/" + place.name)},
                                  {"property", value("drive")},
                                  {"value", value(now->node)}});
  if (!done) return done;
  const Held old = std::exchange(before, *now);
  // The guest hears of another size when a size is set, be it the one that is there. QEMU sets none of what is
  // read-only.
  if (!drive.config.is_read_only.value_or(false)) {
    const auto size = static_cast<std::uint64_t>(::lseek(drive.file.get(), 0, SEEK_END)) / kSector * kSector;
    done = machine.tell("block_resize", {{"node-name", value(now->node)}, {"size", value(size)}});
  }
  return done ? let_go(machine, old) : done;
}

Done Drives::unplug(Machine& machine, const Place& place) {
  if (auto gone = machine.unplug(place.name); !gone) return gone;
  const auto held = held_.extract(place.name);
  if (auto gone = let_go(machine, held.mapped()); !gone) return gone;
  return machine.tell("object-del", {{"id", value(limits_name(place))}});
}

}  // namespace microvm::standin::qemu
