// The rules of single values: each says what a value breaks, as "must …", or nothing.
#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <vector>

#include "microvm/fcapi_types.h"

namespace microvm::fcapi {

inline constexpr std::size_t kMaxId = 255;          ///< our own: the VMM takes what fits a request line of 1024 bytes
inline constexpr std::size_t kMaxPath = 4095;       ///< PATH_MAX without its NUL
inline constexpr std::size_t kMaxSocketPath = 107;  ///< unix(7)
inline constexpr std::size_t kMaxDeviceName = 15;   ///< IFNAMSIZ without its NUL
inline constexpr std::size_t kMaxBootArgs = 2047;

template <auto low, auto high>
std::string within(const auto& number) {
  if (number >= low && number <= high) return {};
  return fmt::format("must be {} to {}, not {}", low, high, number);
}

std::string id(const std::string& text);
std::string ids(const std::vector<std::string>& texts);
std::string path(const std::string& text);
std::string socket_path(const std::string& text);
std::string device_name(const std::string& text);
std::string mac(const std::string& text);
std::string link_local(const std::string& text);
std::string boot_args(const std::string& text);
std::string capabilities(const std::vector<std::string>& texts);
std::string number_text(const std::string& text);
bool is_bitmap(std::string_view text, std::size_t width);
template <std::size_t width>
std::string bitmap(const std::string& text) {
  return is_bitmap(text, width) ? "" : fmt::format("must be \"0b\" and at most {} of 0, 1 and x", width);
}

// Of whole bodies.
std::string machine(const MachineConfig& config);
std::string machine_patch(const MachineConfigPatch& patch);
std::string drive(const Drive& drive);
std::string vsock(const Vsock& vsock);
std::string memory_hotplug(const MemoryHotplug& config);
std::string memory_backend(const MemoryBackend& backend);
std::string snapshot_load(const SnapshotLoad& load);

}  // namespace microvm::fcapi
