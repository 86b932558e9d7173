// Each verdict, on trees of files that stand for hosts.
#include "microvm/doctor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "tests/support/files.h"
#include "tests/support/own_mounts.h"
#include "tests/support/temp_dir.h"

namespace microvm {
namespace {

using testing::HasSubstr;

constexpr const char* kLimits =
    "Limit                     Soft Limit           Hard Limit           Units\n"
    "Max processes             1                    2                    processes\n"
    "Max open files            1024                 1048576              files\n";
constexpr const char* kSwaps = "Filename\tType\tSize\tUsed\tPriority\n";

// A host without a fault, but for KVM, which files cannot stand for.
class Doctor : public testing::Test {
 protected:
  Doctor() {
    const std::pair<const char*, const char*> files[] = {
        {"/proc/sys/kernel/osrelease", "6.1.0-28-amd64\n"},
        {"/proc/cpuinfo", "processor\t: 0\nflags\t\t: fpu vmx ept\n"},
        {"/proc/swaps", kSwaps},
        {"/proc/self/mountinfo",
         "22 1 8:1 / / rw - ext4 /dev/sda1 rw\n23 22 0:5 / /run rw shared:5 - tmpfs tmpfs rw\n"
         "24 22 0:6 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw,favordynmods\n"},
        {"/proc/self/limits", kLimits},
        {"/sys/module/kvm_intel/parameters/ept", "Y\n"},
        {"/sys/kernel/mm/ksm/run", "0\n"},
        {"/sys/devices/system/cpu/smt/active", "0\n"},
        {"/sys/devices/system/cpu/vulnerabilities/meltdown", "Not affected\n"},
        {"/sys/devices/system/cpu/vulnerabilities/itlb_multihit", "KVM: Mitigation: Split huge pages\n"},
        {"/sys/module/kvm/parameters/nx_huge_pages", "Y\n"},
        {"/sys/fs/cgroup/cgroup.controllers", "cpuset cpu io memory pids\n"},
        {"/sys/kernel/mm/transparent_hugepage/enabled", "always [madvise] never\n"},
        {"/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages", "64\n"},
        {"/dev/net/tun", ""},
    };
    for (const auto& [path, text] : files) put(path, text);
    program("/usr/bin/firecracker", "Firecracker v1.16.2");
    program("/usr/bin/microvm-monitor", "microvm-monitor 0.1.0");
    std::filesystem::create_directories(dir_.path() + "/var/lib");
    std::filesystem::create_directories(dir_.path() + "/run");
  }

  void put(const std::string& path, std::string_view text, mode_t mode = 0644) {
    const std::string whole = dir_.path() + path;
    std::filesystem::create_directories(std::filesystem::path(whole).parent_path());
    test::write_file(whole, text, mode);
  }
  void program(const std::string& path, const std::string& version) {
    put(path, "#!/bin/sh\necho '" + version + "'\n", 0755);
  }
  void remove(const std::string& path) { std::filesystem::remove(dir_.path() + path); }
  std::string folder(const std::string& path, mode_t mode = 0700) {
    const std::string whole = dir_.path() + path;
    std::filesystem::create_directories(whole);
    EXPECT_EQ(::chmod(whole.c_str(), mode), 0);
    return whole;
  }

  Check check(const std::string& name) {
    for (const Check& check : run_checks(options_))
      if (check.name == name) return check;
    ADD_FAILURE() << "there is no check " << name;
    return {};
  }
  // The verdict is one, and what was seen is told.
  void expect(const std::string& name, Verdict verdict, const std::string& seen) {
    const Check found = check(name);
    EXPECT_EQ(verdict_name(found.verdict), verdict_name(verdict)) << name << ": " << found.seen;
    EXPECT_THAT(found.seen, HasSubstr(seen)) << name;
    if (verdict >= Verdict::Warn) {
      EXPECT_NE(found.advice, "") << name;
    }
  }
  void expect_with(const std::string& path, std::string_view text, const std::string& name, Verdict verdict,
                   const std::string& seen) {
    put(path, text);
    expect(name, verdict, seen);
  }

  test::TempDir dir_;
  DoctorOptions options_{.firecracker = "/usr/bin/firecracker",
                         .monitor = "/usr/bin/microvm-monitor",
                         .version = "0.1.0",
                         .timeout = std::chrono::seconds(20),
                         .root = dir_.path()};
};

TEST_F(Doctor, FindsNothingOnAGoodHost) {
  const auto checks = run_checks(options_);
  EXPECT_GE(checks.size(), 25U);
  for (const Check& check : checks) {
    EXPECT_NE(check.seen, "") << check.name;
    if (check.name.starts_with("kvm") || check.name == "socket-paths" || check.name == "firecracker-linking") continue;
    // The test may run as anybody, and on a disk of any size.
    if (check.name == "privileges" || check.name.ends_with("-space")) continue;
    EXPECT_EQ(verdict_name(check.verdict), "ok") << check.name << ": " << check.seen;
    EXPECT_EQ(check.advice, "") << check.name;
  }
}

TEST_F(Doctor, FindsNothingToReadOnAnEmptyHost) {
  const test::TempDir empty;
  options_.root = empty.path();
  for (const Check& check : run_checks(options_)) EXPECT_NE(check.seen, "") << check.name;
  expect("kernel", Verdict::Warn, "cannot be read");
  expect("firecracker", Verdict::Fail, "No such file");
}

TEST_F(Doctor, LooksAtKvm) {
  expect("kvm", Verdict::Fail, "/dev/kvm: No such file");
  expect_with("/dev/kvm", "", "kvm", Verdict::Fail, "speaks no API 12");
  expect("kvm-capabilities", Verdict::Fail, "missing: irqchip, user-memory");
  remove("/dev/kvm");
  expect("kvm-capabilities", Verdict::Info, "without KVM");
  options_.root = "";
  if (::access("/dev/kvm", R_OK | W_OK) != 0) GTEST_SKIP() << "no KVM here";
  const Check real = check("kvm");
  EXPECT_LE(real.verdict, Verdict::Warn) << real.seen;
  EXPECT_THAT(real.seen, HasSubstr("a small guest ran in"));
  options_.timeout = std::chrono::milliseconds(0);
  expect("kvm", Verdict::Fail, "did not end in 0 ms");
}

TEST_F(Doctor, LooksAtTheKernel) {
  constexpr const char* kRelease = "/proc/sys/kernel/osrelease";
  expect_with(kRelease, "5.8.0", "kernel", Verdict::Fail, "5.8.0");
  expect_with(kRelease, "5.9.1", "kernel", Verdict::Warn, "5.9.1");
  expect_with(kRelease, "6.12.3", "kernel", Verdict::Info, "6.12.3");
  expect_with(kRelease, "5.10.1", "kernel", Verdict::Ok, "5.10.1");
  expect_with("/proc/cpuinfo", "flags : fpu hypervisor vmx", "virtualization", Verdict::Warn, "virtual machine");
  expect_with("/sys/module/kvm_intel/parameters/ept", "N", "nested-paging", Verdict::Warn, "ept is N");
  remove("/sys/module/kvm_intel/parameters/ept");
  expect("nested-paging", Verdict::Info, "no KVM module");
  expect_with("/sys/module/kvm_amd/parameters/npt", "1", "nested-paging", Verdict::Ok, "on");
  expect_with("/sys/kernel/mm/ksm/run", "1", "ksm", Verdict::Warn, "on");
  expect_with("/sys/devices/system/cpu/smt/active", "1", "smt", Verdict::Warn, "on");
  expect_with("/proc/swaps", std::string(kSwaps) + "/swap file 1 0 -2\n", "swap", Verdict::Warn, "1 in use");
  expect_with("/sys/devices/system/cpu/vulnerabilities/mds", "Vulnerable: no microcode", "vulnerabilities",
              Verdict::Warn, "open: mds");
}

TEST_F(Doctor, LooksAtPages) {
  constexpr const char* kNx = "/sys/module/kvm/parameters/nx_huge_pages";
  expect_with(kNx, "never", "nx-huge-pages", Verdict::Warn, "never");
  put("/sys/devices/system/cpu/vulnerabilities/itlb_multihit", "Not affected");
  expect_with(kNx, "N", "nx-huge-pages", Verdict::Info, "Not affected");
  expect_with(kNx, "never", "nx-huge-pages", Verdict::Ok, "never");
  expect_with("/sys/kernel/mm/transparent_hugepage/enabled", "always madvise [never]", "transparent-huge-pages",
              Verdict::Info, "[never]");
  expect_with("/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages", "0", "huge-pages", Verdict::Info,
              "0 of 2 MiB");
}

TEST_F(Doctor, LooksAtWhatProcessesHave) {
  put("/proc/self/mountinfo", "24 22 0:6 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n");
  expect("cgroup", Verdict::Info, "cpuset");
  remove("/sys/fs/cgroup/cgroup.controllers");
  expect("cgroup", Verdict::Warn, "no version 2");
  std::string many;
  for (int i = 0; i < 301; ++i) many += "1 1 0:1 / /m rw - tmpfs tmpfs rw\n";
  expect_with("/proc/self/mountinfo", many, "mounts", Verdict::Warn, "301");
  remove("/dev/net/tun");
  expect("tun", Verdict::Warn, "/dev/net/tun");
  expect_with("/proc/self/limits", "Max open files  256  256  files\n", "open-files", Verdict::Warn, "at most 256");
  options_.uid = 1000;
  expect("privileges", Verdict::Info, "uid 1000");
  options_.uid = 0;
  expect("privileges", Verdict::Ok, "root");
}

TEST_F(Doctor, LooksAtTheDirectories) {
  const std::string dir = "/var/lib/microvm";
  expect("state-dir", Verdict::Ok, "can be made");
  const std::string whole = folder(dir);
  expect("state-dir", Verdict::Ok, "/var/lib/microvm, mode 0700");
  folder(dir, 0770);
  expect("state-dir", Verdict::Fail, "has mode 0770");
  folder(dir, 0702);
  expect("state-dir", Verdict::Fail, "has mode 0702");
  folder(dir, 0755);
  options_.uid = ::geteuid() + 1;
  expect("state-dir", Verdict::Fail, "belongs to uid");
  options_.uid.reset();
  std::filesystem::remove(whole);
  std::filesystem::create_directory_symlink(dir_.path(), whole);
  expect("state-dir", Verdict::Fail, "is a symbolic link");
  std::filesystem::remove(whole);
  put(dir, "");
  expect("state-dir", Verdict::Fail, "is no folder");
  options_.state_dir = "state";
  expect("state-dir", Verdict::Fail, "no absolute path");
  for (const char* shared : {"/tmp/x", "/var/tmp", "/dev/shm/y/z"}) {
    options_.run_dir = shared;
    folder(shared);
    expect("run-dir", Verdict::Warn, "is below");
  }
  options_.run_dir = "/tmpfiles";
  expect("run-dir", Verdict::Ok, "can be made");
}

TEST_F(Doctor, LooksAtFileSystems) {
  EXPECT_THAT(check("state-space").seen, HasSubstr("MiB free on ext4"));
  EXPECT_THAT(check("run-space").seen, HasSubstr("MiB free on tmpfs"));
  const auto with = [&](const char* at, const char* type) {
    put("/proc/self/mountinfo", std::string("1 0 8:1 / / rw - ext4 a rw\n2 1 8:2 / /va rw - xfs b rw\n3 1 8:3 / ") +
                                    at + " rw,relatime shared:1 master:2 - " + type + " c rw\n");
  };
  with("/var", "tmpfs");
  EXPECT_THAT(check("state-space").advice, HasSubstr("empty after a reboot"));
  with("/var/lib", "nfs4");
  expect("state-space", Verdict::Warn, "free on nfs4");
  with("/run", "fuse.sshfs");
  expect("run-space", Verdict::Warn, "free on fuse.sshfs");
  expect("state-space", Verdict::Ok, "free on ext4");
}

TEST_F(Doctor, LooksAtFreeSpace) {
  if (!test::own_mounts()) GTEST_SKIP() << "may not mount";
  const std::string whole = folder("/var/lib/microvm");
  const auto with = [&](const char* options) { ASSERT_EQ(::mount("t", whole.c_str(), "tmpfs", 0, options), 0); };
  with("size=1m");
  expect("state-space", Verdict::Fail, "1 MiB free");
  ASSERT_EQ(::umount(whole.c_str()), 0);
  with("size=100m");
  expect("state-space", Verdict::Warn, "100 MiB free");
  ASSERT_EQ(::umount(whole.c_str()), 0);
  with("size=300m,nr_inodes=1");
  expect("state-space", Verdict::Fail, "no inode free");
  ASSERT_EQ(::umount(whole.c_str()), 0);
  ASSERT_EQ(::mount("t", whole.c_str(), "tmpfs", MS_RDONLY, "size=300m"), 0);
  expect("state-space", Verdict::Fail, "read-only");
  ASSERT_EQ(::umount(whole.c_str()), 0);
}

TEST_F(Doctor, MeasuresSocketPaths) {
  expect("socket-paths", Verdict::Ok, "ids of up to 63 bytes");
  options_.run_dir = "/" + std::string(25, 'r');
  expect("socket-paths", Verdict::Info, "ids of up to 62 bytes");
  options_.run_dir = "/" + std::string(70, 'r');
  expect("socket-paths", Verdict::Info, "ids of up to 17 bytes");
  options_.run_dir = "/" + std::string(71, 'r');
  expect("socket-paths", Verdict::Fail, "has 72 bytes");
  EXPECT_THAT(check("socket-paths").advice, HasSubstr("at most 71 bytes"));
}

TEST_F(Doctor, AsksFirecracker) {
  constexpr const char* kPath = "/usr/bin/firecracker";
  expect("firecracker", Verdict::Ok, "/usr/bin/firecracker is 1.16.2");
  program(kPath, "Firecracker v1.16.1");
  expect("firecracker", Verdict::Info, "1.16.1");
  program(kPath, "Firecracker v1.13.9");
  expect("firecracker", Verdict::Warn, "1.13.9");
  program(kPath, "nonsense");
  expect("firecracker", Verdict::Fail, "does not say its version");
  put(kPath, "#!/bin/sh\nexit 7\n", 0755);
  expect("firecracker", Verdict::Fail, "exit code 7");
  put(kPath, "#!/bin/sh\nexec sleep 1000\n", 0755);
  options_.timeout = std::chrono::milliseconds(200);
  expect("firecracker", Verdict::Fail, "no answer in 200 ms");
  options_.timeout = std::chrono::seconds(20);
  remove(kPath);
  put(kPath, "text");
  expect("firecracker", Verdict::Fail, "no program that can be run");
  options_.firecracker = "/usr/bin";
  expect("firecracker", Verdict::Fail, "no program that can be run");
  options_.firecracker = "";
  expect("firecracker", Verdict::Fail, "not found");
}

TEST_F(Doctor, SeesWhoMayReplaceFirecracker) {
  const Verdict bad = ::geteuid() == 0 ? Verdict::Fail : Verdict::Warn;
  folder("/usr/bin", 0777);
  expect("firecracker-owner", bad, "/usr/bin has mode 0777");
  folder("/usr/bin", 01777);
  expect("firecracker-owner", Verdict::Ok, "only its owner");
  ASSERT_EQ(::chmod((dir_.path() + "/usr/bin/firecracker").c_str(), 0775), 0);
  expect("firecracker-owner", bad, "/usr/bin/firecracker has mode 0775");
  ASSERT_EQ(::chmod((dir_.path() + "/usr/bin/firecracker").c_str(), 0755), 0);
  if (::geteuid() != 0) return;
  ASSERT_EQ(::chown((dir_.path() + "/usr").c_str(), 12345, 0), 0);
  expect("firecracker-owner", Verdict::Fail, "/usr belongs to uid 12345");
}

TEST_F(Doctor, SeesHowFirecrackerIsLinked) {
  expect("firecracker-linking", Verdict::Info, "no ELF program");
  std::filesystem::copy_file("/bin/true", dir_.path() + "/usr/bin/test");
  options_.firecracker = "/usr/bin/test";
  expect("firecracker-linking", Verdict::Info, "dynamic");
  const char* const fixed = std::getenv("METADATAD_STATIC_BIN");
  if (fixed == nullptr || !test::exists(fixed)) GTEST_SKIP() << "no static program here";
  std::filesystem::copy_file(fixed, dir_.path() + "/usr/bin/static");
  options_.firecracker = "/usr/bin/static";
  expect("firecracker-linking", Verdict::Ok, "static");
}

TEST_F(Doctor, AsksTheMonitor) {
  expect("monitor", Verdict::Ok, "is 0.1.0");
  options_.version = "0.2.0";
  expect("monitor", Verdict::Fail, "is 0.1.0");
  options_.version = "";
  expect("monitor", Verdict::Ok, "is 0.1.0");
  program("/usr/bin/microvm-monitor", "hello");
  options_.version = "0.1.0";
  expect("monitor", Verdict::Fail, "of no version that it tells");
  options_.monitor = "/none";
  expect("monitor", Verdict::Fail, "/none: No such file");
}

}  // namespace
}  // namespace microvm
