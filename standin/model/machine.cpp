#include "standin/model/machine.h"

#include <array>

namespace microvm::standin {
namespace {

using json::member;
using json::Presence;

constexpr std::array<std::string_view, 2> kHugePages = {"None", "2M"};
constexpr std::array<std::string_view, 6> kCpuTemplates = {"C3", "T2", "T2S", "None", "T2CL", "T2A"};

constexpr std::array kMachineConfig = {
    member<&MachineConfig::vcpu_count>("vcpu_count"),
    member<&MachineConfig::mem_size>("mem_size_mib"),
    member<&MachineConfig::smt>("smt", Presence::Default),
    member<&MachineConfig::cpu_template>("cpu_template", Presence::Hidden),
    member<&MachineConfig::track_dirty_pages>("track_dirty_pages", Presence::Default),
    member<&MachineConfig::huge_pages>("huge_pages", Presence::Default),
};

constexpr std::array kMachineConfigUpdate = {
    member<&MachineConfigUpdate::vcpu_count>("vcpu_count", Presence::Default),
    member<&MachineConfigUpdate::mem_size>("mem_size_mib", Presence::Default),
    member<&MachineConfigUpdate::smt>("smt", Presence::Default),
    member<&MachineConfigUpdate::cpu_template>("cpu_template", Presence::Default),
    member<&MachineConfigUpdate::track_dirty_pages>("track_dirty_pages", Presence::Default),
    member<&MachineConfigUpdate::huge_pages>("huge_pages", Presence::Default),
};

constexpr std::array kBootSource = {
    member<&BootSource::kernel_image_path>("kernel_image_path"),
    member<&BootSource::initrd_path>("initrd_path"),
    member<&BootSource::boot_args>("boot_args"),
};

constexpr json::Names kHugePagesNames{kHugePages};
constexpr json::Names kCpuTemplateNames{kCpuTemplates};
constexpr json::Object kMachineConfigObject{"MachineConfig", kMachineConfig};
constexpr json::Object kMachineConfigUpdateObject{"MachineConfigUpdate", kMachineConfigUpdate};
constexpr json::Object kBootSourceObject{"BootSourceConfig", kBootSource};

}  // namespace

const json::Names& describe(const HugePages* /*type*/) { return kHugePagesNames; }
const json::Names& describe(const CpuTemplate* /*type*/) { return kCpuTemplateNames; }
const json::Object& describe(const MachineConfig* /*type*/) { return kMachineConfigObject; }
const json::Object& describe(const MachineConfigUpdate* /*type*/) { return kMachineConfigUpdateObject; }
const json::Object& describe(const BootSource* /*type*/) { return kBootSourceObject; }

}  // namespace microvm::standin
