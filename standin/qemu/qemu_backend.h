// The guest runs under QEMU.
#pragma once

#include <memory>

#include "standin/backend/backend.h"
#include "standin/qemu/drives.h"
#include "standin/qemu/layout.h"
#include "standin/qemu/machine.h"
#include "standin/qemu/transport_reset.h"

namespace microvm::standin::qemu {

class QemuBackend final : public Backend {
 public:
  /// `program` is looked for when a guest starts, not before.
  void set_program(std::string program) { program_ = std::move(program); }

  Done start(const Guest& guest) override;
  Done restore(const Guest& guest, const SavedMemory& memory, const std::string& state) override;
  Done pause() override;
  Done resume() override;
  Result<std::string> save(int memory_file, SnapshotType type) override;
  void reset_vsock() override;
  bool send_ctrl_alt_del() override;
  Done change_drive(const DriveDevice& drive) override;
  Done change_interface(const NetworkDevice& interface) override;
  Done change_pmem(const Pmem& pmem) override;
  Done plug(const DriveDevice& drive) override;
  Done plug(const NetworkDevice& interface) override;
  Done plug(const Pmem& pmem) override;
  Done unplug(DeviceKind kind, const std::string& id) override;
  [[nodiscard]] bool is_driven(DrivenDevice device) const override;
  Done set_balloon(std::uint32_t amount_mib) override;
  [[nodiscard]] std::uint32_t balloon_mib() const override;
  Done set_balloon_interval(std::uint16_t seconds) override;
  [[nodiscard]] BalloonStats balloon_stats() const override;
  Done set_plugged_memory(std::uint64_t mib) override;
  [[nodiscard]] std::uint64_t plugged_memory_mib() const override;
  [[nodiscard]] int event_fd() const override;
  std::optional<GuestEnd> on_event() override;

 private:
  Done launch(bool restores);
  Result<const Place*> new_place(std::string device);
  Done unplug_interface(const Place& place);
  Done open_front(std::uint32_t last_host_port);

  std::string program_ = "qemu-system-x86_64";
  const Guest* guest_ = nullptr;
  Layout layout_;
  UniqueFd memory_;
  std::optional<vsock::Front> front_;
  std::unique_ptr<Machine> machine_;
  Drives drives_;
  std::optional<TransportReset> reset_;  ///< of a restored guest that has not run yet
  std::string saved_state_;              ///< of a guest that has not run since: QEMU gives it once
};

}  // namespace microvm::standin::qemu
