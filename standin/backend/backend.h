// What runs the guest, behind the API: all that the rest of the stand-in knows of it.
//
// Everything was checked when a call arrives here: files are open, ids are known, the guest is in the right state. A
// refusal is a text in Firecracker's manner, without the prefix of the operation.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "standin/backend/guest.h"
#include "standin/model/fault.h"

namespace microvm::standin {

/// Devices that do something only once a driver in the guest has taken them.
enum class DrivenDevice : std::uint8_t { Balloon, MemoryHotplug };

enum class DeviceKind : std::uint8_t { Drive, NetworkInterface, Pmem };

/// The memory of a guest that is restored: a file, or a mapping whose pages another process brings when they are read.
struct SavedMemory {
  UniqueFd file;
  std::string_view mapping;
};

/// How it ended: the exit code of the process, and the reason where there is more to say.
struct GuestEnd {
  int exit_code = 0;
  std::string why;
};

/// What the guest says of its memory: the API's names, bytes and counts.
using BalloonStats = std::vector<std::pair<std::string_view, std::uint64_t>>;

class Backend {
 public:
  virtual ~Backend() = default;

  /// The guest runs when this returns. `guest` stays where it is for as long as the backend lives, and changes only in
  /// ways that are told by the calls below.
  virtual Done start(const Guest& guest) = 0;
  /// A paused guest out of what save() left: `state` is what it returned.
  virtual Done restore(const Guest& guest, const SavedMemory& memory, const std::string& state) = 0;
  virtual Done pause() = 0;
  virtual Done resume() = 0;
  /// Of a paused guest: writes its memory into the file (of the guest's size, or empty), returns the rest.
  virtual Result<std::string> save(int memory_file, SnapshotType type) = 0;
  /// Open vsock connections end; the guest is told (snapshots do that, refused ones too).
  virtual void reset_vsock() = 0;

  /// False when the keyboard's buffer is full.
  virtual bool send_ctrl_alt_del() = 0;

  virtual Done change_drive(const DriveDevice& drive) = 0;  ///< another file, or other limits
  virtual Done change_interface(const NetworkDevice& interface) = 0;
  virtual Done change_pmem(const Pmem& pmem) = 0;
  virtual Done plug(const DriveDevice& drive) = 0;
  virtual Done plug(const NetworkDevice& interface) = 0;
  virtual Done plug(const Pmem& pmem) = 0;
  virtual Done unplug(DeviceKind kind, const std::string& id) = 0;

  [[nodiscard]] virtual bool is_driven(DrivenDevice device) const = 0;
  /// Of a driven balloon.
  virtual Done set_balloon(std::uint32_t amount_mib) = 0;
  [[nodiscard]] virtual std::uint32_t balloon_mib() const = 0;
  /// How often the guest is asked for statistics.
  virtual Done set_balloon_interval(std::uint16_t seconds) = 0;
  [[nodiscard]] virtual BalloonStats balloon_stats() const = 0;
  /// Of driven pluggable memory.
  virtual Done set_plugged_memory(std::uint64_t mib) = 0;
  [[nodiscard]] virtual std::uint64_t plugged_memory_mib() const = 0;

  /// Readable when on_event() is to be called; -1: never.
  [[nodiscard]] virtual int event_fd() const = 0;
  /// Something once the guest is gone.
  virtual std::optional<GuestEnd> on_event() = 0;
};

}  // namespace microvm::standin
