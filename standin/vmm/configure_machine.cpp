// Configuration before boot: processors, memory, kernel, metadata service.
#include <arpa/inet.h>
#include <fcntl.h>

#include <algorithm>

#include "standin/vmm/actions.h"
#include "standin/vmm/files.h"

namespace microvm::standin {
namespace {

constexpr unsigned kMostVcpus = 32;

Done check_vcpus(const MachineConfig& machine) {
  const unsigned count = machine.vcpu_count;
  const bool odd_threads = machine.smt && count > 1 && count % 2 == 1;
  if (count != 0 && count <= kMostVcpus && !odd_threads) return {};
  return refuse("InvalidVcpuCount",
                "The number of vCPUs must be greater than 0, less than 32 and must be 1 or an even number if SMT is "
                "enabled.");
}

// RFC 3927, without its first and last 256 addresses.
bool is_link_local(const Ipv4Address& address) {
  in_addr raw{};
  ::inet_pton(AF_INET, address.text.c_str(), &raw);
  const std::uint32_t bits = ntohl(raw.s_addr);
  const std::uint32_t third = (bits >> 8) & 0xFF;
  return bits >> 16 == 0xA9FE && third != 0 && third != 0xFF;
}

}  // namespace

Done set_machine_config(Vmm& vmm, const MachineConfigUpdate& update) {
  vmm.boot_path = true;
  MachineConfig next = vmm.guest.machine;
  next.vcpu_count = update.vcpu_count.value_or(next.vcpu_count);
  next.mem_size = update.mem_size.value_or(next.mem_size);
  next.smt = update.smt.value_or(next.smt);
  next.track_dirty_pages = update.track_dirty_pages.value_or(next.track_dirty_pages);
  next.huge_pages = update.huge_pages.value_or(next.huge_pages);
  if (auto good = check_vcpus(next); !good) return good;
  const std::uint64_t page_mib = next.huge_pages == HugePages::Huge2M ? 2 : 1;
  if (next.mem_size.count == 0 || next.mem_size.count % page_mib != 0)
    return refuse("InvalidMemorySize",
                  "The memory size (MiB) is either 0, or not a multiple of the configured page size.");
  if (vmm.guest.balloon && next.mem_size.count < vmm.guest.balloon->amount_mib)
    return refuse("IncompatibleBalloonSize",
                  "The memory size (MiB) is smaller than the previously set balloon device target size.");
  if (update.cpu_template) {
    next.cpu_template = update.cpu_template == CpuTemplate::None ? std::nullopt : update.cpu_template;
    vmm.guest.cpu_template.reset();
  }
  vmm.guest.machine = next;
  return {};
}

Done set_cpu_template(Vmm& vmm, const CustomCpuTemplate& cpu_template) {
  vmm.guest.cpu_template = cpu_template;
  vmm.guest.machine.cpu_template.reset();
  return {};
}

Done set_boot_source(Vmm& vmm, const BootSource& source) {
  constexpr std::size_t kMostBootArgs = 2047;
  vmm.boot_path = true;
  auto kernel = open_file(source.kernel_image_path, O_RDONLY);
  if (!kernel) return refuse_in(kernel, "InvalidKernelPath", "The kernel file cannot be opened: ");
  UniqueFd initrd;
  if (source.initrd_path) {
    auto file = open_file(*source.initrd_path, O_RDONLY);
    if (!file)
      return refuse_in(file, "InvalidInitrdPath",
                       "The initrd file cannot be opened due to invalid path or invalid permissions. ");
    initrd = std::move(*file);
  }
  const std::string args = source.boot_args.value_or(std::string(kDefaultBootArgs));
  if (args.size() > kMostBootArgs)
    return refuse("InvalidKernelCommandLine(\"Invalid cmdline capacity provided.\")",
                  "The kernel command line is invalid: Invalid cmdline capacity provided.");
  vmm.guest.boot_source = source;
  vmm.guest.kernel = std::move(*kernel);
  vmm.guest.initrd = std::move(initrd);
  return {};
}

Done set_mmds_config(Vmm& vmm, const MmdsConfig& config) {
  vmm.boot_path = true;
  const Ipv4Address address = config.ipv4_address.value_or(MmdsSetup().address);
  if (!is_link_local(address)) return refuse("InvalidIpv4Addr", "The MMDS IPv4 address is not link local.");
  if (config.network_interfaces.empty())
    return refuse("EmptyNetworkIfaceList",
                  "The list of network interface IDs that allow forwarding MMDS requests is empty.");
  for (const std::string& id : config.network_interfaces) {
    if (find_device(vmm.guest.interfaces, id) == nullptr)
      return refuse(
          "InvalidNetworkInterfaceId",
          "The list of network interface IDs provided contains at least one ID that does not correspond to any "
          "existing network interface.");
  }
  for (NetworkDevice& device : vmm.guest.interfaces)
    device.answers_mmds =
        std::ranges::find(config.network_interfaces, device.config.id) != config.network_interfaces.end();
  vmm.guest.mmds = {config.version, config.imds_compat, address};
  return {};
}

}  // namespace microvm::standin
