// Questions, answered in JSON.
#include <array>
#include <utility>

#include "standin/vmm/actions.h"
#include "standin/vmm/log_sites.h"

namespace microvm::standin {
namespace {

constexpr std::array<std::string_view, 3> kStates = {"Not started", "Running", "Paused"};

// Members of an answer that has no body type of its own.
class Answer {
 public:
  Answer& add(std::string_view name, std::string_view text) {
    json::append_quoted(next(name), text);
    return *this;
  }
  Answer& add(std::string_view name, std::uint64_t number) {
    next(name) += std::to_string(number);
    return *this;
  }
  Answer& add_null(std::string_view name) {
    next(name) += "null";
    return *this;
  }
  [[nodiscard]] std::string text() const { return out_ + "}"; }

 private:
  std::string& next(std::string_view name) {
    if (out_.size() > 1) out_ += ',';
    json::append_quoted(out_, name);
    return out_ += ':';
  }
  std::string out_ = "{";
};

constexpr std::string_view kMmdsError = "MMDS error: ";

template <class Change>
Done change_mmds(const Vmm& vmm, Change change) {
  Done changed = vmm.booted() && !vmm.has_mmds() ? Done(mmds_not_initialized()) : change();
  if (changed) return changed;
  const bool too_much = changed.error().status == 413;
  return std::unexpected(std::move(changed.error()).behind(too_much ? "MMDS limit exceeded error: " : kMmdsError));
}

}  // namespace

Result<std::string> instance_info(Vmm& vmm) {
  return Answer()
      .add("id", vmm.id)
      .add("state", kStates[static_cast<std::size_t>(vmm.state)])
      .add("vmm_version", kVersion)
      .add("app_name", "Firecracker")
      .text();
}

Result<std::string> version(Vmm& /*vmm*/) { return Answer().add("firecracker_version", kVersion).text(); }

Result<std::string> machine_config(Vmm& vmm) { return json::to_json(vmm.guest.machine); }

Result<std::string> full_config(Vmm& vmm) {
  if (!vmm.booted())
    vmm.log(
        site::kConfigNote,
        "If the VM was restored from snapshot, boot-source, machine-config.smt, and machine-config.cpu_template will "
        "all be empty.");
  return json::to_json(vm_config(vmm));
}

Result<std::string> balloon_config(Vmm& vmm) {
  if (vmm.guest.balloon) return json::to_json(*vmm.guest.balloon);
  if (vmm.booted()) return std::unexpected(device_not_found().error().in("InternalVmm", "Internal VMM error: "));
  return refuse("DeviceNotFound", "Balloon config error: No balloon device found.");
}

Result<std::string> balloon_stats(Vmm& vmm) {
  constexpr std::uint64_t kPagesInMib = 256;
  if (!vmm.guest.balloon) return device_not_found();
  if (vmm.guest.balloon->stats_polling_interval_s == 0)
    return refuse("Balloon(StatisticsDisabled)", "Balloon: Statistics for the balloon device are not enabled");
  const std::uint64_t target = vmm.guest.balloon->amount_mib;
  const std::uint64_t actual = vmm.backend.balloon_mib();
  Answer answer;
  answer.add("target_pages", target * kPagesInMib)
      .add("actual_pages", actual * kPagesInMib)
      .add("target_mib", target)
      .add("actual_mib", actual);
  for (const auto& [name, number] : vmm.backend.balloon_stats()) answer.add(name, number);
  return answer.text();
}

Result<std::string> hinting_status(Vmm& vmm) {
  if (!vmm.guest.balloon) return device_not_found();
  if (!vmm.guest.balloon->free_page_hinting)
    return refuse("Balloon(HintingNotEnabled)", "Balloon: Attempting to use hinting when not enabled");
  return Answer().add("host_cmd", 0).add_null("guest_cmd").text();
}

Result<std::string> memory_hotplug_status(Vmm& vmm) {
  if (!vmm.guest.memory_hotplug) return device_not_found();
  const MemoryHotplug& memory = *vmm.guest.memory_hotplug;
  return Answer()
      .add("block_size_mib", memory.block_size.count)
      .add("total_size_mib", memory.total_size.count)
      .add("slot_size_mib", memory.slot_size.count)
      .add("plugged_size_mib", vmm.backend.plugged_memory_mib())
      .add("requested_size_mib", vmm.backend.plugged_memory_mib())
      .text();
}

// The store has prefixes of its own: too much is another error than nothing to change.
Result<std::string> mmds_data(Vmm& vmm) {
  if (vmm.booted() && !vmm.has_mmds()) return std::unexpected(mmds_not_initialized().error().behind(kMmdsError));
  return vmm.mmds.text();
}

Done put_mmds(Vmm& vmm, json::Value& data) {
  return change_mmds(vmm, [&] { return vmm.mmds.put(std::move(data)); });
}

Done patch_mmds(Vmm& vmm, json::Value& change) {
  return change_mmds(vmm, [&] { return vmm.mmds.patch(change); });
}

}  // namespace microvm::standin
