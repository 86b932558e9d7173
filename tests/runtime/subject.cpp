#include "tests/runtime/subject.h"

#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "tests/standin/fixtures.h"
#include "tests/support/process.h"

namespace microvm::test {
namespace {

std::string text_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::vector<int> pids_with(const std::string& word) {
  std::vector<int> pids;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const std::string name = entry.path().filename();
    if (name.find_first_not_of("0123456789") != name.npos || name == std::to_string(::getpid())) continue;
    if (text_of(entry.path().string() + "/cmdline").find(word) != std::string::npos) pids.push_back(std::stoi(name));
  }
  return pids;
}

}  // namespace

// Where syncing costs nothing, if there is such a place.
Subject::Subject() : dir_(std::filesystem::exists("/dev/shm") ? TempDir("/dev/shm") : TempDir()) {
  refill(dir(), false);
  runtime_ = make_firecracker_runtime(options());
}

Subject::~Subject() {
  runtime_.reset();
  for (const int pid : pids_with(dir())) ::kill(pid, SIGKILL);
}

RuntimeOptions Subject::options() const {
  return {.firecracker = required_env("VMM_BIN"),
          .monitor = required_env("MONITOR_BIN"),
          .state_dir = dir() + "/state",
          .run_dir = dir() + "/run",
          .vmm_environment = {"FIRECRACKER_QEMU_BACKEND=none"}};
}

Spec Subject::spec(const std::string& id) const {
  Spec spec{.id = id};
  spec.config.boot_source = fcapi::BootSource{.kernel_image_path = dir() + "/vmlinux"};
  spec.config.machine_config = fcapi::MachineConfig{.vcpu_count = 1, .mem_size_mib = 64};
  spec.config.drives = {
      {.drive_id = "root", .is_root_device = true, .path_on_host = dir() + "/rootfs.ext4", .is_read_only = true}};
  spec.config.vsock = fcapi::Vsock{.guest_cid = 3, .uds_path = {}};
  spec.stop = {{StopRung::Kind::CtrlAltDel, std::chrono::milliseconds(50)},
               {StopRung::Kind::Kill, std::chrono::seconds(10)}};
  return spec;
}

std::vector<std::string> Subject::processes() const {
  std::vector<std::string> all;
  for (const int pid : pids_with(dir()))
    all.push_back(std::to_string(pid) + " " + text_of("/proc/" + std::to_string(pid) + "/comm"));
  return all;
}

std::vector<std::string> Subject::files() const {
  std::vector<std::string> all;
  for (const char* const folder : {"/state/vms", "/state/tmp", "/run"}) {
    std::error_code none;
    for (const auto& entry : std::filesystem::directory_iterator(dir() + folder, none)) all.push_back(entry.path());
  }
  std::ranges::sort(all);
  return all;
}

std::vector<std::string> Subject::leftovers() const {
  std::vector<std::string> all = processes();
  std::ranges::copy(files(), std::back_inserter(all));
  return all;
}

}  // namespace microvm::test
