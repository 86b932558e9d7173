// The rules of single values: each says what a value breaks, as "must …", or nothing.
#pragma once

#include <fmt/format.h>

#include <string>
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
template <std::size_t width>
std::string bitmap(const std::string& text) {
  const bool is_good = text.starts_with("0b") && text.size() > 2 && text.size() <= width + 2 &&
                       text.find_first_not_of("01x", 2) == text.npos;
  return is_good ? "" : fmt::format("must be \"0b\" and 1 to {} of 0, 1 and x", width);
}

// Of whole bodies.
std::string machine(const MachineConfig& config);
std::string machine_patch(const MachineConfigPatch& patch);
std::string drive(const Drive& drive);
std::string memory_hotplug(const MemoryHotplug& config);
std::string memory_backend(const MemoryBackend& backend);
std::string snapshot_load(const SnapshotLoad& load);

}  // namespace microvm::fcapi
