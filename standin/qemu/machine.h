// A QEMU that runs: its process, monitor, console and memory, and what became of it.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "standin/backend/backend.h"
#include "standin/qemu/child.h"
#include "standin/qemu/command_line.h"
#include "standin/qemu/console.h"
#include "standin/qemu/qmp.h"
#include "standin/qemu/vhost_bridge.h"

namespace microvm::standin::qemu {

class Machine {
 public:
  /// Its guest is there and does not run yet. `front` (which may be null) serves its vsock device, and outlives it.
  static Result<std::unique_ptr<Machine>> start(CommandLine line, const Guest& guest, const Layout& layout,
                                                vsock::Front* front);

  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;

  Result<json::Value> ask(std::string_view command, json::Map arguments = {}, int fd = -1);
  Done tell(std::string_view command, json::Map arguments = {}, int fd = -1);
  /// Returns once the guest has let go of the device.
  Done unplug(const std::string& device);
  /// Its state goes to, or comes from, this file; its memory is left alone.
  Done save_state(int file);
  Done load_state(int file);

  /// Serves the guest until then, or until it is over.
  void serve_until(const std::function<bool()>& is_done, Deadline deadline);

  [[nodiscard]] int event_fd() const noexcept { return poller_.fd(); }
  void on_event() { poller_.serve(Deadline::after({})); }
  [[nodiscard]] const std::optional<GuestEnd>& end() const noexcept { return end_; }
  /// The guest turned itself off: it does not run again, and Firecracker stays.
  [[nodiscard]] bool is_off() const noexcept { return is_off_; }

 private:
  Machine(Child child, UniqueFd monitor, Console console);

  void serve_all();
  Done serve_vsock(vsock::Front& front, int memory);
  void on_monitor_event(std::string_view name, const json::Value& data);
  void finish(GuestEnd end);
  Done migrate(std::string_view command, int file);

  // In this order: the child goes first, the console shows its last words.
  UniqueFd wake_;  ///< keeps event_fd() readable once there is an end
  Poller poller_;
  Console console_;
  Qmp qmp_;
  Child child_;
  std::optional<VhostBridge> vhost_;
  std::string migration_;  ///< its status
  std::string unplugged_;  ///< the device that went last
  std::optional<GuestEnd> end_;
  bool is_off_ = false;
};

}  // namespace microvm::standin::qemu
