// firecracker-qemu with real guests: what is QEMU's alone. tests/vmm has what holds for any VMM.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdio>
#include <memory>

#include "tests/standin/memory_handler.h"
#include "tests/support/files.h"
#include "tests/support/temp_dir.h"
#include "tests/vmm/guest.h"

namespace microvm::test {
namespace {

using namespace fcapi;
using namespace std::chrono_literals;
using testing::EndsWith;
using testing::HasSubstr;

constexpr std::size_t kMib = 1 << 20;

void make_disk(const std::string& path, std::string content, std::size_t size) {
  content.resize(size);
  write_file(path, content);
}

// The first who asks boots the guest; each test leaves it as it found it, the last ones end it.
class QemuGuestTest : public testing::Test {
 protected:
  struct Shared {
    TempDir dir;
    Guest guest{dir.path(), "guest", {.argv = {"--enable-pci"}}};
  };
  static std::unique_ptr<Shared>& shared() {
    static std::unique_ptr<Shared> one;
    return one;
  }
  static Guest& guest() {
    if (shared() == nullptr) boot();
    return shared()->guest;
  }
  static std::string path(std::string_view name) { return shared()->dir / name; }
  static void boot() {
    shared() = std::make_unique<Shared>();
    Guest& own = shared()->guest;
    make_disk(path("disk"), "the first", kMib);
    must(own->put_machine_config({.vcpu_count = 2, .mem_size_mib = 160}));
    must(own->put_boot_source(boot_source()));
    must(own->put_drive({.drive_id = "disk", .path_on_host = "disk"}));
    must(own->put_balloon({.amount_mib = 0, .deflate_on_oom = true, .stats_polling_interval_s = 1}));
    must(own->put_vsock({.guest_cid = 3, .uds_path = own.vsock_name()}));
    must(own->put_action({ActionType::InstanceStart}));
    own.output("for m in virtio_blk virtio_balloon; do insmod /lib/$m.ko; done");
  }
  static void TearDownTestSuite() { shared().reset(); }
};

TEST_F(QemuGuestTest, WithoutQemuNothingStartsAndTheProcessLives) {
  const TempDir dir;
  Guest own(dir.path(), "own", {.env = {{"FIRECRACKER_QEMU_QEMU", "/nonexistent/qemu"}}});
  must(own->put_boot_source(boot_source()));
  const auto refused = own->put_action({ActionType::InstanceStart});
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("Cannot start /nonexistent/qemu: No such file or directory"));
  EXPECT_EQ(must(own->get_instance_info()).state, VmState::NotStarted);
}

TEST_F(QemuGuestTest, WhatQemuRefusesIsQuoted) {
  const TempDir dir;
  Guest own(dir.path(), "own");
  must(own->put_boot_source(boot_source()));
  must(own->put_drive({.drive_id = "folder", .path_on_host = ".", .is_read_only = true}));
  const auto refused = own->put_action({ActionType::InstanceStart});
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("QEMU exited with code 1: "));
  EXPECT_EQ(must(own->get_instance_info()).state, VmState::NotStarted);
}

TEST_F(QemuGuestTest, DiskTakesAFileOfAnotherSize) {
  EXPECT_EQ(guest().output("head -c 9 /dev/vda; cat /sys/block/vda/size"), "the first2048");
  make_disk(path("larger"), "the second", 3 * kMib);
  must(guest()->patch_drive({.drive_id = "disk", .path_on_host = "larger"}));
  EXPECT_EQ(guest().output("echo 3 >/proc/sys/vm/drop_caches; head -c 10 /dev/vda; cat /sys/block/vda/size"),
            "the second6144");
}

TEST_F(QemuGuestTest, LimitsOfADiskHoldUntilTheyAreTakenAway) {
  const std::string read_half =
      "s=$(cut -d. -f1 /proc/uptime); dd if=/dev/vda of=/dev/null bs=64k count=8 iflag=direct"
      " 2>/dev/null; echo $(($(cut -d. -f1 /proc/uptime) - s))";
  const auto limit = [](std::uint64_t size) {
    return DrivePatch{.drive_id = "disk",
                      .rate_limiter = RateLimiter{.bandwidth = TokenBucket{.size = size, .refill_time_ms = 1000}}};
  };
  must(guest()->patch_drive(limit(128 << 10)));
  EXPECT_GE(std::stoi(guest().output(read_half)), 2);  // half a MiB, 128 KiB of it at once
  must(guest()->patch_drive(limit(0)));
  EXPECT_LE(std::stoi(guest().output(read_half)), 1);
}

TEST_F(QemuGuestTest, BalloonTellsStatistics) {
  EXPECT_TRUE(eventually([] { return must(guest()->get_balloon_statistics()).total_memory_bytes.value_or(0) > 0; }));
}

// A drive that was plugged is where it was when the snapshot is loaded, its memory brought by a handler.
TEST_F(QemuGuestTest, PluggedDiskStandsInASnapshotAndGoes) {
  guest();
  make_disk(path("hot"), "plugged in", kMib);
  must(guest()->put_drive({.drive_id = "hot", .path_on_host = "hot"}));
  ASSERT_TRUE(eventually([] { return guest().run("test -b /dev/vdb").status == 0; }));
  EXPECT_EQ(guest().output("head -c 10 /dev/vdb"), "plugged in");

  must(guest()->patch_vm({TargetState::Paused}));
  for (const char* state : {"state1", "state2"})
    must(guest()->create_snapshot({.snapshot_path = state, .mem_file_path = "memory"}));
  must(guest()->patch_vm({TargetState::Resumed}));
  EXPECT_EQ(guest().output("head -c 10 /dev/vdb"), "plugged in");
  {
    const MemoryHandler handler(path("uffd"), path("memory"));
    Guest clone(shared()->dir.path(), "clone", {.argv = {"--enable-pci"}});
    must(clone->load_snapshot({.snapshot_path = "state2",
                               .mem_backend = MemoryBackend{BackendType::Uffd, "uffd"},
                               .resume_vm = true,
                               .vsock_override = VsockOverride{clone.vsock_name()}}));
    EXPECT_EQ(clone.output("echo 3 >/proc/sys/vm/drop_caches; head -c 10 /dev/vdb"), "plugged in");
  }
  must(guest()->delete_drive("hot"));
  EXPECT_TRUE(eventually([] { return guest().run("test -b /dev/vdb").status != 0; }));
}

// Ends the guest.
TEST_F(QemuGuestTest, PoweredOffGuestStaysAndItsQemuDiesWithCode1) {
  guest().output("poweroff -f >/dev/null 2>&1 &");
  EXPECT_TRUE(eventually([] { return guest().vmm().output().contains("Power down"); }));
  EXPECT_FALSE(guest().vmm().process().wait(300ms));
  EXPECT_TRUE(guest()->patch_vm({TargetState::Paused}));
  EXPECT_TRUE(guest()->patch_vm({TargetState::Resumed}));

  const auto family = guest().vmm().descendants();
  ASSERT_EQ(family.size(), 1U);
  ASSERT_EQ(::syscall(SYS_pidfd_send_signal, family[0].get(), SIGKILL, nullptr, 0), 0);
  EXPECT_EQ(guest().vmm().process().wait(kPatience), ExitStatus{.code = 1});
  EXPECT_THAT(guest().vmm().output(), HasSubstr("QEMU was ended by signal 9"));
  EXPECT_THAT(guest().vmm().process().out(), EndsWith("Firecracker exiting with error. exit_code=1\n"));
}

}  // namespace
}  // namespace microvm::test
