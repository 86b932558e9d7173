// The one microVM of this process: its configuration, its state, and what there is to tell about it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "standin/backend/backend.h"
#include "standin/backend/guest.h"
#include "standin/vmm/log.h"
#include "standin/vmm/metrics.h"
#include "standin/vmm/mmds.h"

namespace microvm::standin {

inline constexpr std::string_view kVersion = "1.16.1";

enum class State : std::uint8_t { NotStarted, Running, Paused };

struct Vmm {
  Vmm(std::string instance_id, std::size_t mmds_limit, Log& its_log, Metrics& its_metrics, Backend& its_backend)
      : id(std::move(instance_id)), mmds(mmds_limit), log(its_log), metrics(its_metrics), backend(its_backend) {}
  Vmm(const Vmm&) = delete;
  Vmm& operator=(const Vmm&) = delete;

  [[nodiscard]] bool booted() const noexcept { return state != State::NotStarted; }
  /// After boot the store exists for the interfaces that answer on it.
  [[nodiscard]] bool has_mmds() const noexcept;

  std::string id;
  State state = State::NotStarted;
  bool boot_path = false;  ///< something was configured that a snapshot brings along
  Guest guest;
  MmdsStore mmds;
  Log& log;
  Metrics& metrics;
  Backend& backend;
};

/// What GET /vm/config answers.
VmConfig vm_config(const Vmm& vmm);

/// A device of that id, or null.
template <class Devices>
auto find_device(Devices& devices, std::string_view id) -> decltype(&devices.front()) {
  for (auto& device : devices) {
    if constexpr (requires { device.config.id; }) {
      if (device.config.id == id) return &device;
    } else if (device.id == id) {
      return &device;
    }
  }
  return nullptr;
}

/// "Failed perform action on device: Device not found"
std::unexpected<Fault> device_not_found();

}  // namespace microvm::standin
