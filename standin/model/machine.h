// The machine: processors, memory, kernel.
#pragma once

#include <optional>
#include <string>

#include "standin/model/text_rules.h"

namespace microvm::standin {

enum class HugePages : std::uint8_t { None, Huge2M };
enum class CpuTemplate : std::uint8_t { C3, T2, T2S, None, T2CL, T2A };

struct MachineConfig {
  std::uint8_t vcpu_count = 1;
  Mib mem_size{128};
  bool smt = false;
  std::optional<CpuTemplate> cpu_template;
  bool track_dirty_pages = false;
  HugePages huge_pages = HugePages::None;
};

struct MachineConfigUpdate {
  std::optional<std::uint8_t> vcpu_count;
  std::optional<Mib> mem_size;
  std::optional<bool> smt;
  std::optional<CpuTemplate> cpu_template;
  std::optional<bool> track_dirty_pages;
  std::optional<HugePages> huge_pages;
  bool operator==(const MachineConfigUpdate&) const = default;
};

struct BootSource {
  std::string kernel_image_path;
  std::optional<std::string> initrd_path;
  std::optional<std::string> boot_args;
};

inline constexpr std::string_view kDefaultBootArgs =
    "reboot=k panic=1 nomodule 8250.nr_uarts=0 i8042.noaux i8042.nomux i8042.dumbkbd swiotlb=noforce";

const json::Names& describe(const HugePages*);
const json::Names& describe(const CpuTemplate*);
const json::Object& describe(const MachineConfig*);
const json::Object& describe(const MachineConfigUpdate*);
const json::Object& describe(const BootSource*);

}  // namespace microvm::standin
