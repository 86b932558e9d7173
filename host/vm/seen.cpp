#include "host/vm/seen.h"

#include <dirent.h>
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <thread>

#include "host/vm/files.h"
#include "host/vm/patience.h"
#include "microvm/spec.h"

namespace microvm::vm {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::microseconds kLook = 500us;

Result<std::string> boot_id() {
  auto id = posix::read_boot_id();
  return id ? Result<std::string>(std::move(*id)) : io_error("boot_id", "read", id.error());
}

Result<void> read_all(Seen& vm) {
  auto record = read_record(vm.layout);
  if (!record) return std::unexpected(std::move(record.error()));
  vm.record = std::move(*record);
  vm.layout.run = vm.record.run_dir;
  auto status = read_status(vm.layout);
  if (!status) return std::unexpected(std::move(status.error()));
  vm.status = std::move(*status);
  auto exit = read_exit(vm.layout);
  if (!exit) return std::unexpected(std::move(exit.error()));
  vm.exit = std::move(*exit);
  return {};
}

}  // namespace

bool Seen::is_unsettled() const noexcept {
  if (exit || status.state == VmState::Failed) return false;
  return !is_of_this_boot || status.state == VmState::Creating || !status.operation.empty() || !vmm || !monitor;
}

std::optional<Exit> await_exit(const Layout& layout, Deadline deadline) {
  for (;;) {
    if (auto exit = read_exit(layout); exit && *exit) return std::move(*exit);
    if (deadline.passed()) return std::nullopt;
    std::this_thread::sleep_until(Deadline::after(kLook).earlier(deadline).when());
  }
}

Result<Seen> look(const Roots& roots, std::string_view id) {
  auto layout = lay_out(roots, id);
  if (!layout) return std::unexpected(std::move(layout.error()));
  Seen vm{.id = std::string(id),
          .layout = std::move(*layout),
          .record = {},
          .status = {},
          .exit = {},
          .vmm = {},
          .monitor = {}};
  if (auto read = read_all(vm); !read) {
    if (read.error().sys_errno != ENOENT || exists(vm.layout.record())) return std::unexpected(std::move(read.error()));
    return std::unexpected(Error{ErrorCode::Missing, ENOENT, fmt::format("VM {}: there is none of that id", id)});
  }
  const auto boot = boot_id();
  if (!boot) return std::unexpected(boot.error());
  vm.is_of_this_boot = vm.record.boot_id == *boot;
  if (vm.exit || !vm.is_of_this_boot) return vm;
  vm.vmm = live_vmm(vm.layout);
  vm.monitor = live_monitor(vm.layout);
  if (!vm.vmm && vm.monitor && vm.status.state != VmState::Creating)
    vm.exit = await_exit(vm.layout, Deadline::after(kShortExitPatience));
  return vm;
}

Result<std::vector<std::string>> ids_in(const Roots& roots) {
  std::vector<std::string> ids;
  std::error_code error;
  for (std::filesystem::directory_iterator at(roots.vms(), error), end; !error && at != end; at.increment(error))
    if (std::string name = at->path().filename(); check_id(name)) ids.push_back(std::move(name));
  if (error && error.value() != ENOENT) return io_error(roots.vms(), "read", error.value());
  std::ranges::sort(ids);
  return ids;
}

VmInfo info_of(const Seen& vm) {
  VmInfo info;
  info.id = vm.id;
  info.state = vm.state();
  info.created = vm.record.created;
  info.started = vm.status.started;
  info.ready = vm.status.ready;
  info.exit = vm.exit;
  info.failed_step = vm.status.failed_step;
  info.failure = vm.status.failure;
  // Of an exited one nobody's operation goes on, whatever its status still says.
  if (!vm.exit) info.operation = vm.status.operation;
  if (vm.vmm) info.vmm = vm.vmm->id();
  if (vm.monitor) info.monitor = vm.monitor->id();
  info.firecracker = vm.record.firecracker;
  info.version = vm.status.version;
  info.state_dir = vm.layout.state;
  info.run_dir = vm.layout.run;
  info.api_socket = vm.record.api_socket;
  info.vsock_socket = vm.record.vsock_socket;
  info.metadata_port = vm.record.metadata_port;
  info.vcpu_count = static_cast<std::uint8_t>(vm.record.vcpu_count);
  info.mem_size_mib = vm.record.mem_size_mib;
  return info;
}

std::unexpected<Error> wrong_state(const Seen& vm, std::string_view operation, std::string_view needed) {
  return std::unexpected(
      Error{ErrorCode::WrongState, 0,
            fmt::format("VM {}: it is {}; {} needs one that is {}", vm.id, state_name(vm.state()), operation, needed)});
}

}  // namespace microvm::vm
