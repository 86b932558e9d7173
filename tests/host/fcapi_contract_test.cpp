// The client against a program that serves Firecracker's API: FIRECRACKER_BIN where the environment has it, or else
// firecracker-qemu without a guest.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdlib>
#include <optional>
#include <stdexcept>
#include <string>

#include "common/base/unique_fd.h"
#include "microvm/fcapi.h"
#include "tests/standin/fixtures.h"
#include "tests/support/expect_result.h"
#include "tests/support/files.h"
#include "tests/support/process.h"
#include "tests/support/temp_dir.h"

namespace microvm::test {
namespace {

using namespace std::chrono_literals;
using namespace fcapi;
using testing::HasSubstr;

std::string program() {
  const char* const real = std::getenv("FIRECRACKER_BIN");
  return real != nullptr && *real != '\0' ? real : required_env("FIRECRACKER_QEMU_BIN");
}

// One process in a folder of its own; paths are as it sees them.
class Machine {
 public:
  explicit Machine(const TempDir& dir, const std::string& socket = "api.sock")
      : process_({.argv = {program(), "--api-sock", socket}, .cwd = dir.path()}),
        pidfd_(static_cast<int>(::syscall(SYS_pidfd_open, process_.pid(), 0))),
        client_(open(dir / socket)) {}

  Client* operator->() { return &client_; }
  Process& process() { return process_; }

 private:
  Client open(const std::string& path) {
    auto client =
        Client::connect(path, {pidfd_.get(), [this] { return process_.out() + process_.err(); }}, {.timeout = 20s});
    if (!client) throw std::runtime_error(client.error().message);
    return std::move(*client);
  }

  Process process_;
  UniqueFd pidfd_;
  Client client_;
};

class FcapiContract : public testing::Test {
 protected:
  void SetUp() override { refill(dir_.path(), false); }
  // Running, or the reason why it does not.
  static Result<void> boot(Machine& vmm) {
    for (const auto& done :
         {vmm->put_machine_config({.vcpu_count = 1, .mem_size_mib = 64}),
          vmm->put_boot_source({.kernel_image_path = "vmlinux"}),
          vmm->put_drive({.drive_id = "data", .path_on_host = "data.img"}), vmm->put_vsock({.uds_path = "v.sock"})})
      if (!done) return done;
    return vmm->put_action({ActionType::InstanceStart});
  }

  TempDir dir_;
};

// Where there is no KVM that runs a guest, a real VMM ends here.
#define BOOT_OR_SKIP(vmm)                                                                          \
  if (const auto done = boot(vmm); !done) {                                                        \
    if (done.error().fault == "no_kvm") GTEST_SKIP() << "no usable KVM: " << done.error().message; \
    FAIL() << done.error().message;                                                                \
  }

TEST_F(FcapiContract, ConfiguresAMachine) {
  Machine vmm(dir_);
  EXPECT_EQ(vmm->get_instance_info()->state, VmState::NotStarted);
  EXPECT_EQ(parse_version(vmm->get_version()->firecracker_version), vmm->version());
  EXPECT_DONE(vmm->put_logger({.log_path = "log", .level = LogLevel::Debug, .show_level = true}));
  EXPECT_DONE(vmm->put_metrics({.metrics_path = "metrics"}));
  EXPECT_DONE(vmm->put_machine_config({.vcpu_count = 2, .mem_size_mib = 256, .track_dirty_pages = true}));
  EXPECT_DONE(vmm->patch_machine_config({.mem_size_mib = 128}));
  EXPECT_DONE(vmm->put_cpu_config({}));
  EXPECT_DONE(vmm->put_boot_source({.kernel_image_path = "vmlinux", .boot_args = "console=ttyS0 \"x\""}));
  EXPECT_DONE(
      vmm->put_drive({.drive_id = "root",
                      .is_root_device = true,
                      .partuuid = "0eaa91a0-01",
                      .cache_type = CacheType::Writeback,
                      .path_on_host = "rootfs.ext4",
                      .is_read_only = true,
                      .rate_limiter = RateLimiter{.bandwidth = TokenBucket{.size = 1000, .refill_time_ms = 100}}}));
  EXPECT_DONE(vmm->put_pmem({.id = "p0", .path_on_host = "pmem.img"}));
  EXPECT_DONE(vmm->put_vsock({.guest_cid = 7, .uds_path = "v.sock"}));
  EXPECT_DONE(vmm->put_entropy({}));
  EXPECT_DONE(vmm->put_serial({.serial_out_path = "serial"}));
  EXPECT_DONE(vmm->put_balloon({.amount_mib = 8, .deflate_on_oom = true, .stats_polling_interval_s = 1}));
  EXPECT_DONE(vmm->put_memory_hotplug({.total_size_mib = 256}));
  EXPECT_DONE(vmm->put_mmds({R"({"a":{"b":1}})"}));
  EXPECT_DONE(vmm->patch_mmds({R"({"a":{"c":"2"}})"}));
  EXPECT_EQ(vmm->get_mmds()->text, R"({"a":{"b":1,"c":"2"}})");

  const auto config = vmm->get_vm_config();
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->machine_config->mem_size_mib, 128U);
  EXPECT_EQ(config->machine_config->track_dirty_pages, true);
  EXPECT_EQ(config->boot_source->boot_args, "console=ttyS0 \"x\"");
  ASSERT_EQ(config->drives.size(), 1U);
  EXPECT_EQ(config->drives[0].partuuid, "0eaa91a0-01");
  EXPECT_EQ(config->drives[0].rate_limiter->bandwidth->refill_time_ms, 100U);
  EXPECT_EQ(config->vsock->guest_cid, 7U);
  EXPECT_EQ(config->memory_hotplug->slot_size_mib, 128U);
  EXPECT_EQ(vmm->get_balloon()->amount_mib, 8U);
  EXPECT_EQ(vmm->get_machine_config()->vcpu_count, 2);
}

TEST_F(FcapiContract, HasACodeForEveryRefusal) {
  Machine vmm(dir_);
  EXPECT_FAULT(vmm->put_action({ActionType::InstanceStart}), "no_kernel");
  EXPECT_FAULT(vmm->patch_vm({}), "before_start");
  EXPECT_FAULT(vmm->put_boot_source({.kernel_image_path = "nofile"}), "boot_source");
  EXPECT_FAULT(vmm->put_drive({.drive_id = "d", .path_on_host = "nofile"}), "drive");
  EXPECT_FAULT(vmm->get_balloon(), "no_device");
  EXPECT_FAULT(vmm->put_balloon({.amount_mib = 4096}), "balloon");
  EXPECT_FAULT(vmm->put_mmds_config({.network_interfaces = {"eth0"}}), "mmds_config");
  EXPECT_FAULT(vmm->patch_mmds({"{}"}), "mmds_not_initialized");
  EXPECT_FAULT(vmm->put_logger({.log_path = "nodir/log"}), "logger");
  EXPECT_FAULT(
      vmm->load_snapshot({.snapshot_path = "state", .mem_backend = MemoryBackend{BackendType::File, "memory"}}),
      "load_after_config");
  EXPECT_DONE(vmm->put_metrics({.metrics_path = "metrics"}));
  EXPECT_FAULT(vmm->put_metrics({.metrics_path = "metrics"}), "metrics");
  write_file(dir_ / "taken", "");
  EXPECT_FAULT(vmm->put_vsock({.uds_path = "taken"}), "vsock_path_in_use");
  EXPECT_DONE(vmm->put_mmds({R"({"a":")" + std::string(51'000, 'x') + "\"}"}));
  EXPECT_FAULT(vmm->patch_mmds({R"({"b":")" + std::string(1'000, 'x') + "\"}"}), "mmds_full");
}

TEST_F(FcapiContract, RunsAMachineThroughItsStates) {
  Machine vmm(dir_);
  BOOT_OR_SKIP(vmm);
  EXPECT_EQ(vmm->get_instance_info()->state, VmState::Running);
  EXPECT_FAULT(vmm->put_entropy({}), "after_start");
  EXPECT_FAULT(vmm->create_snapshot({.snapshot_path = "state", .mem_file_path = "memory"}), "not_paused");
  EXPECT_DONE(vmm->put_action({ActionType::FlushMetrics}));
  EXPECT_DONE(vmm->patch_drive({.drive_id = "data", .path_on_host = "data.img"}));
  EXPECT_FAULT(vmm->patch_drive({.drive_id = "none", .path_on_host = "data.img"}), "no_device");
  EXPECT_FAULT(vmm->delete_drive("data"), "no_pci");
  EXPECT_DONE(vmm->patch_vm({TargetState::Paused}));
  EXPECT_EQ(vmm->get_instance_info()->state, VmState::Paused);
  EXPECT_DONE(
      vmm->create_snapshot({.snapshot_path = "state", .mem_file_path = "memory", .snapshot_type = SnapshotType::Full}));
  EXPECT_TRUE(exists(dir_ / "state") && exists(dir_ / "memory"));
  EXPECT_DONE(vmm->patch_vm({TargetState::Resumed}));
}

TEST_F(FcapiContract, LoadsWhatItCreated) {
  {
    Machine vmm(dir_);
    BOOT_OR_SKIP(vmm);
    EXPECT_DONE(vmm->patch_vm({TargetState::Paused}));
    EXPECT_DONE(vmm->create_snapshot({.snapshot_path = "state", .mem_file_path = "memory"}));
  }
  Machine vmm(dir_, "second.sock");
  SnapshotLoad load{
      .snapshot_path = "state", .mem_backend = MemoryBackend{BackendType::File, "memory"}, .resume_vm = true};
  if (vmm->version() >= Version{1, 16, 0}) {
    load.vsock_override = VsockOverride{"other.sock"};
  } else {
    ASSERT_EQ(::unlink((dir_ / "v.sock").c_str()), 0);
  }
  EXPECT_DONE(vmm->load_snapshot(load));
  EXPECT_EQ(vmm->get_instance_info()->state, VmState::Running);
}

TEST_F(FcapiContract, HearsTheRefusalOfALoadAndThenOfTheEnd) {
  Machine vmm(dir_);
  EXPECT_FAULT(vmm->load_snapshot({.snapshot_path = "none", .mem_backend = MemoryBackend{BackendType::File, "none"}}),
               "snapshot_missing");
  EXPECT_EQ(vmm.process().wait(20s), (ExitStatus{.code = 1}));
  const auto info = vmm->get_instance_info();
  ASSERT_FALSE(info);
  EXPECT_EQ(info.error().code, ErrorCode::VmmDied) << info.error().message;
  EXPECT_THAT(info.error().message, HasSubstr("its output ends in: "));
}

TEST_F(FcapiContract, MeetsNoOtherProcessBehindThePath) {
  std::optional<Machine> first(std::in_place, dir_);
  auto client = Client::connect(dir_ / "api.sock");
  ASSERT_TRUE(client) << client.error().message;
  first.reset();
  ASSERT_EQ(::unlink((dir_ / "api.sock").c_str()), 0);
  const Machine second(dir_);
  const auto done = client->put_entropy({});
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, ErrorCode::VmmDied) << done.error().message;
}

}  // namespace
}  // namespace microvm::test
