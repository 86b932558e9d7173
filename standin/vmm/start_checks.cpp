#include "standin/vmm/start_checks.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <limits>

#include "standin/vmm/actions.h"
#include "standin/vmm/files.h"
#include "standin/vmm/kernel_image.h"

namespace microvm::standin {
namespace {

Done check_kernel_given(const Guest& guest) {
  if (guest.kernel.valid()) return {};
  return refuse("MissingKernelConfig", "Cannot start microvm without kernel configuration.");
}

// Sizes that Firecracker's own address space or its file offsets cannot hold.
Done check_memory_maps(const Guest& guest) {
  constexpr std::uint64_t kMostMapped = 1ULL << 47;
  const std::uint64_t bytes = memory_bytes(guest);
  if (bytes == 0) std::abort();  // the size wrapped around; Firecracker's assertion ends it there too
  constexpr std::string_view kPrefix = "Invalid Memory Configuration: ";
  if (bytes > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
    return std::unexpected(
        Fault{"Total sum of memory regions exceeds largest possible file offset", "OffsetTooLarge"}.in("GuestMemory",
                                                                                                       kPrefix));
  if (bytes >= kMostMapped)
    return std::unexpected(
        errno_fault(ENOMEM).in("MmapRegionError", "Cannot create mmap region: ").in("GuestMemory", kPrefix));
  return {};
}

// The static templates belong to processors that no emulator is.
Done check_cpu_template(const Guest& guest) {
  if (!guest.machine.cpu_template) return {};
  return refuse("GetCpuTemplate(CpuVendorMismatched)",
                "Failed to get CPU template: CPU vendor mismatched between actual CPU and CPU template.");
}

Done check_capabilities(const Guest& guest) {
  constexpr std::uint32_t kLastKnown = 250;
  if (!guest.cpu_template) return {};
  for (const auto& capability : guest.cpu_template->kvm_capabilities) {
    std::uint32_t number = 0;
    std::from_chars(capability.text.data(), capability.text.data() + capability.text.size(), number);
    if (number <= kLastKnown) continue;
    std::array<char, 8> hex;
    char* const end = std::to_chars(hex.data(), hex.data() + hex.size(), number, 16).ptr;
    return refuse("Kvm(Capabilities(" + std::to_string(number) + "))",
                  "Kvm error: Missing KVM capabilities: 0x" + std::string(hex.data(), end));
  }
  return {};
}

Done check_memory_slots(const Guest& guest) {
  constexpr std::uint64_t kMostInOneSlot = (1ULL << 31) * 4096;
  if (memory_bytes(guest) < kMostInOneSlot) return {};
  return std::unexpected(errno_fault(EINVAL)
                             .in("SetUserMemoryRegion", "Cannot set the memory regions: ")
                             .in("KvmVm", "Error with the KvmVm object: "));
}

Done check_serial(const Guest& guest) {
  if (!guest.serial.serial_out_path) return {};
  auto file = open_output(guest.serial.serial_out_path->text);
  if (!file)
    return std::unexpected(std::move(file.error())
                               .in("EventFd", "Error with EventFd: ")
                               .in("CreateDeviceManager", "Failed to create device manager: "));
  return {};
}

// The kernel is read into huge pages first of all, and fails there when there are none.
bool huge_pages_are_there(std::uint64_t bytes) {
  const auto text = read_file("/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages", 64);
  return text && std::strtoull(text->c_str(), nullptr, 10) * (2ULL << 20) >= bytes;
}

Done check_kernel(const Guest& guest) {
  const bool can_hold = guest.machine.huge_pages == HugePages::None || huge_pages_are_there(memory_bytes(guest));
  auto good = check_kernel_image(guest.kernel.get(), can_hold ? memory_bytes(guest) : 0);
  if (good) return {};
  return std::unexpected(
      std::move(good.error())
          .in("KernelLoader", "Cannot load kernel due to invalid memory configuration or invalid kernel image: ")
          .in("ConfigureSystem", "System configuration error: "));
}

// Room for what is added to the command line: "pci=off", and the root device.
Done check_command_line(const Guest& guest) {
  constexpr std::size_t kMost = 2047;
  const std::string args = guest.boot_source.boot_args.value_or(std::string(kDefaultBootArgs));
  std::size_t size = args.size();
  const auto add = [&size](std::string_view text) { size += text.size() + (size == 0 ? 0 : 1); };
  if (!guest.pci_enabled) add("pci=off");
  for (const DriveDevice& drive : guest.drives)
    if (drive.config.is_root())
      add(drive.config.partuuid ? "root=PARTUUID=" + *drive.config.partuuid + " rw" : "root=/dev/vda rw");
  if (size <= kMost) return {};
  return refuse("Cmdline(TooLarge)", "Invalid kernel command line: Inserting string would make command line too long.");
}

Done check_pmem_files(const Guest& guest) {
  for (const Pmem& pmem : guest.pmem)
    if (auto good = check_pmem(pmem); !good) return refuse_in(good, "CreatePmemDevice", "Cannot create pmem device: ");
  return {};
}

// Interrupt lines run out first, in the order in which devices ask for them: VMGenID and VMClock come last.
Done check_device_count(const Guest& guest) {
  constexpr std::size_t kLines = 19;
  constexpr std::string_view kPrefix = "Could not attach device: ";
  const std::size_t count = device_count(guest);
  if (guest.pci_enabled) {
    if (count <= kPciSlots) return {};
    return std::unexpected(
        pci_bus_is_full().error().in("PciTransport", "Error attach PCI device: ").in("AttachDevice", kPrefix));
  }
  constexpr std::string_view kNone = "The requested resource is not available.";
  std::string who;
  if (count > kLines) who = "MMIO transport error: Failed to allocate requested resource: ";
  if (count == kLines) who = "Error while registering ACPI with KVM: VMGenID: Could not allocate GSI: ";
  if (count == kLines - 1) who = "Error while registering ACPI with KVM: VMClock: Could not allocate GSI: ";
  if (who.empty()) return {};
  return refuse("AttachDevice(ResourceNotAvailable)", std::string(kPrefix) + who + std::string(kNone));
}

using Check = Done (*)(const Guest& guest);
constexpr std::array<Check, 10> kChecks = {
    check_kernel_given, check_memory_maps, check_cpu_template, check_capabilities, check_memory_slots,
    check_serial,       check_kernel,      check_command_line, check_pmem_files,   check_device_count,
};

}  // namespace

std::size_t device_count(const Guest& guest) {
  const auto one = [](bool there) -> std::size_t { return there ? 1 : 0; };
  return guest.drives.size() + guest.interfaces.size() + guest.pmem.size() + one(guest.vsock.has_value()) +
         one(guest.balloon.has_value()) + one(guest.entropy.has_value()) + one(guest.memory_hotplug.has_value());
}

std::unexpected<Fault> pci_bus_is_full() {
  return refuse("PciRoot(NoPciDeviceSlotAvailable)",
                "PCI root error: Could not find an available device slot on the PCI bus.");
}

Done check_start(const Guest& guest) {
  for (const Check check : kChecks)
    if (auto good = check(guest); !good) return good;
  return {};
}

}  // namespace microvm::standin
