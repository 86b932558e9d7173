#include "standin/model/vm_config.h"

#include <array>

namespace microvm::standin {
namespace {

using json::member;
using json::Presence;

constexpr std::array kVmConfig = {
    member<&VmConfig::balloon>("balloon"),
    member<&VmConfig::drives>("drives"),
    member<&VmConfig::boot_source>("boot-source"),
    member<&VmConfig::cpu_config>("cpu-config"),
    member<&VmConfig::logger>("logger"),
    member<&VmConfig::machine_config>("machine-config"),
    member<&VmConfig::metrics>("metrics"),
    member<&VmConfig::mmds_config>("mmds-config"),
    member<&VmConfig::network_interfaces>("network-interfaces", Presence::Default),
    member<&VmConfig::vsock>("vsock"),
    member<&VmConfig::entropy>("entropy"),
    member<&VmConfig::pmem>("pmem", Presence::Default),
    member<&VmConfig::memory_hotplug>("memory-hotplug"),
};
constexpr json::Object kVmConfigObject{"VmmConfig", kVmConfig, true};

}  // namespace

bool read(json::Reader& in, CpuConfig& into) {
  if (in.skip_space() == '"') return json::read(in, into.what.emplace<Path>());
  json::Reader attempt = in;
  if (json::read(attempt, into.what.emplace<CustomCpuTemplate>())) {
    in = attempt;
    return true;
  }
  if (!in.skip_value()) return false;
  return in.fail("data did not match any variant of untagged enum CustomCpuTemplateOrPath");
}

void write(std::string& out, const CpuConfig& value) {
  std::visit([&out](const auto& what) { json::write(out, what); }, value.what);
}

const json::Object& describe(const VmConfig* /*type*/) { return kVmConfigObject; }

}  // namespace microvm::standin
