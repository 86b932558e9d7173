// No guest at all: everything is answered as for one that runs without any driver and never stops by itself.
#pragma once

#include "standin/backend/backend.h"

namespace microvm::standin {

class NoBackend final : public Backend {
 public:
  Done start(const Guest& /*guest*/) override { return {}; }
  Done restore(const Guest& /*guest*/, const SavedMemory& /*memory*/, const std::string& /*state*/) override {
    return {};
  }
  Done pause() override { return {}; }
  Done resume() override { return {}; }
  Result<std::string> save(int /*memory_file*/, SnapshotType /*type*/) override { return std::string(); }
  void reset_vsock() override {}
  bool send_ctrl_alt_del() override;
  Done change_drive(const DriveDevice& /*drive*/) override { return {}; }
  Done change_interface(const NetworkDevice& /*interface*/) override { return {}; }
  Done change_pmem(const Pmem& /*pmem*/) override { return {}; }
  Done plug(const DriveDevice& /*drive*/) override { return {}; }
  Done plug(const NetworkDevice& /*interface*/) override { return {}; }
  Done plug(const Pmem& /*pmem*/) override { return {}; }
  Done unplug(DeviceKind /*kind*/, const std::string& /*id*/) override { return {}; }
  [[nodiscard]] bool is_driven(DrivenDevice /*device*/) const override { return false; }
  Done set_balloon(std::uint32_t /*amount_mib*/) override { return {}; }
  [[nodiscard]] std::uint32_t balloon_mib() const override { return 0; }
  Done set_balloon_interval(std::uint16_t /*seconds*/) override { return {}; }
  [[nodiscard]] BalloonStats balloon_stats() const override { return {}; }
  Done set_plugged_memory(std::uint64_t /*mib*/) override { return {}; }
  [[nodiscard]] std::uint64_t plugged_memory_mib() const override { return 0; }
  [[nodiscard]] int event_fd() const override { return -1; }
  std::optional<GuestEnd> on_event() override { return std::nullopt; }

 private:
  int unread_keys_ = 0;
};

}  // namespace microvm::standin
