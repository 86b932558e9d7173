// Disks of real guests: the power is cut, the quota is used up.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <span>
#include <vector>

#include "host/vsock/dial.h"
#include "tests/faults/operations.h"
#include "tests/faults/state.h"
#include "tests/faults/subject.h"
#include "tests/faults/write_log.h"
#include "tests/guest/guest_vm.h"

namespace microvm::faults {
namespace {

using test::GuestVm;
using test::LineClient;
using testing::HasSubstr;

void run_here(std::vector<std::string> argv) {
  const test::Finished done = test::run({.argv = std::move(argv)}, test::kPatience);
  if (done.status != test::ExitStatus{.code = 0}) throw std::runtime_error(done.err);
}

std::string run_there(GuestVm& vm, const std::string& line) {
  GuestVm::Answer answer = vm.run(line);
  if (answer.status != 0) throw std::runtime_error(line + ": " + answer.out);
  return answer.out;
}

// Tries until the guest listens.
LineClient dial(const GuestVm& vm, std::uint32_t port) {
  const Deadline deadline = Deadline::after(test::kPatience);
  for (;;) {
    auto stream = vsock::dial(vm.uds(), port, deadline);
    if (stream) return LineClient(std::move(*stream));
    if (deadline.passed()) throw std::runtime_error(stream.error().message);
  }
}

// A daemon on a folder of its own in the guest.
void start_daemon(GuestVm& vm, std::uint32_t port, const std::string& folder) {
  run_there(vm, "microvm-guest-metadatad --port " + std::to_string(port) + " --env-file " + folder + "/state/env" +
                    " --secrets-dir " + folder + "/state/secrets >" + folder + ".log 2>&1 &");
}

// ---- a power cut ----

struct FileSystem {
  const char* name;
  std::vector<std::string> make;  // the command, but for the disk
  const char* size;
  const char* mount;
};

const FileSystem kFileSystems[] = {
    {"ext4", {"mkfs.ext4", "-q", "-F"}, "64M", "mount -t ext4 "},
    {"xfs", {"mkfs.xfs", "-q"}, "320M", "mount -t xfs -o nouuid "},  // copies of one disk, all mounted at once
};

// What the n-th request makes of everything.
std::string generation_request(int n) {
  const std::string text = std::to_string(n);
  const std::string secret = base64(std::string(3000, static_cast<char>('a' + n % 26)) + " " + text);
  return R"({"op":"apply","id":"x","env":{"GENERATION":")" + text + R"("},"secrets":{"crt":")" + secret +
         R"(","key":")" + secret + R"("},"epoch":")" + std::to_string(n / 4) + "\"}\n";
}

struct Acknowledged {
  int generation;
  std::size_t entries;  // that the log held then
};

// A disk that remembers every write, and what was acknowledged meanwhile.
class RecordedDisk {
 public:
  RecordedDisk(const FileSystem& file_system, const std::string& dir)
      : name_(file_system.name),
        mount_(file_system.mount),
        pristine_(dir + "/" + name_ + ".pristine"),
        disk_(dir + "/" + name_ + ".disk"),
        log_(dir + "/" + name_ + ".log") {
    run_here({"truncate", "-s", file_system.size, pristine_});
    std::vector<std::string> make = file_system.make;
    make.push_back(pristine_);
    run_here(std::move(make));
    run_here({"cp", "--sparse=always", pristine_, disk_});
    run_here({"truncate", "-s", "0", log_});
  }

  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] const std::string& mount() const noexcept { return mount_; }
  [[nodiscard]] const std::string& pristine() const noexcept { return pristine_; }
  [[nodiscard]] std::string qemu_words() const {
    const std::string n = name_;
    return " -blockdev driver=file,node-name=" + n + "-file,filename=" + disk_ +
           " -blockdev driver=file,node-name=" + n + "-log,filename=" + log_ +
           " -blockdev driver=blklogwrites,node-name=" + n + ",file=" + n + "-file,log=" + n +
           "-log -device virtio-blk-pci,drive=" + n;
  }
  [[nodiscard]] WriteLog log() const { return WriteLog(log_); }

  std::vector<Acknowledged> acknowledged;

 private:
  std::string name_, mount_, pristine_, disk_, log_;
};

struct Cut {
  std::string mount;
  std::size_t entries;  // that reached it
  std::string disk{};
  int least = 0;  // the last generation that was acknowledged before
};

class PowerCut : public testing::Test {
 protected:
  static constexpr const char* kLoadModules =
      "for m in virtio_blk libcrc32c xfs; do insmod /lib/$m.ko; done; mkdir -p /mnt; i=0;"
      " while [ ! -b /dev/vda ] && [ $i -lt 100 ]; do usleep 20000; i=$((i+1)); done";

  static std::string nth_device(std::size_t n) { return "/dev/vd" + std::string(1, static_cast<char>('a' + n)); }

  // Both file systems in one guest, with writes that nobody syncs beside the daemon's.
  void record(std::vector<RecordedDisk>& disks, int generations) {
    std::string words;
    for (const RecordedDisk& disk : disks) words += disk.qemu_words();
    GuestVm vm = GuestVm::boot({.qemu = words});
    run_there(vm, kLoadModules);
    std::vector<LineClient> clients;
    for (std::size_t i = 0; i < disks.size(); ++i) {
      const std::string folder = "/mnt/" + disks[i].name();
      run_there(vm, "mkdir " + folder + " && " + disks[i].mount() + nth_device(i) + " " + folder);
      run_there(
          vm, "(while :; do dd if=/dev/urandom of=" + folder + "/noise bs=64k count=8; sleep 0.2; done) 2>/dev/null &");
      const auto port = static_cast<std::uint32_t>(5555 + i);
      start_daemon(vm, port, folder);
      clients.push_back(dial(vm, port));
    }
    for (int n = 1; n <= generations; ++n) {
      for (std::size_t i = 0; i < disks.size(); ++i) {
        const std::string reply = clients[i].ask(generation_request(n));
        ASSERT_THAT(reply, HasSubstr(R"("ok":true)"));
        ASSERT_THAT(reply, HasSubstr(R"("durable":true)")) << disks[i].name();
        disks[i].acknowledged.push_back({n, disks[i].log().flushed()});
      }
    }
    run_there(vm, "sync");
  }

  // The disk as each cut left it: at the last flush before an acknowledgement, and at any write.
  static std::vector<Cut> cut(const RecordedDisk& disk, std::size_t at_flushes, std::size_t anywhere) {
    WriteLog log = disk.log();
    log.read();
    const std::vector<Acknowledged>& all = disk.acknowledged;
    std::vector<Cut> cuts;
    for (std::size_t i = 0; i < at_flushes; ++i) {
      const Acknowledged& at = all.at((i + 1) * all.size() / at_flushes - 1);
      cuts.push_back({.mount = disk.mount(), .entries = log.up_to_flush(at.entries)});
    }
    const std::size_t first = log.up_to_flush(all.front().entries);
    const std::size_t last = log.up_to_flush(all.back().entries);
    for (std::size_t i = 0; i < anywhere; ++i) {
      cuts.push_back({.mount = disk.mount(), .entries = first + (2 * i + 1) * (last - first) / (2 * anywhere)});
    }
    std::ranges::sort(cuts, {}, &Cut::entries);
    std::string before = disk.pristine();
    std::size_t replayed = 0;
    for (Cut& one : cuts) {
      one.disk = disk.pristine() + "." + std::to_string(&one - cuts.data());
      run_here({"cp", "--sparse=always", before, one.disk});
      log.replay(replayed, one.entries, one.disk);
      replayed = one.entries;
      before = one.disk;
      const auto done = [&](const Acknowledged& ack) { return log.up_to_flush(ack.entries) <= one.entries; };
      one.least = static_cast<int>(std::ranges::count_if(all, done));
    }
    return cuts;
  }

  // Mounts what each cut left, which recovers the file system, and starts a daemon on it, which recovers the rest.
  static void check(std::span<const Cut> cuts) {
    std::string words;
    for (std::size_t i = 0; i < cuts.size(); ++i) {
      const std::string node = "cut" + std::to_string(i);
      words += " -blockdev driver=file,node-name=" + node + ",filename=" + cuts[i].disk +
               " -device virtio-blk-pci,drive=" + node;
    }
    GuestVm vm = GuestVm::boot({.qemu = words});
    run_there(vm, kLoadModules);
    for (std::size_t i = 0; i < cuts.size(); ++i) {
      const Cut& one = cuts[i];
      SCOPED_TRACE(one.mount + ", cut behind write " + std::to_string(one.entries));
      const std::string folder = "/mnt/" + std::to_string(i);
      run_there(vm, "mkdir " + folder + " && " + one.mount + nth_device(i) + " " + folder);
      const auto port = static_cast<std::uint32_t>(6000 + i);
      start_daemon(vm, port, folder);
      LineClient client = dial(vm, port);
      EXPECT_THAT(client.ask("{\"op\":\"stat\",\"id\":\"x\"}\n"), HasSubstr(R"("ok":true)"));
      const std::string state = folder + "/state";
      const std::string found = run_there(vm, "cat " + state + "/env; cat " + state + "/.epoch; echo; ls -A " + state +
                                                  " " + state + "/secrets; cd " + state + "/secrets; cat crt key");
      const auto expected = [&state](int n) {
        const std::string secret = std::string(3000, static_cast<char>('a' + n % 26)) + " " + std::to_string(n);
        return "GENERATION=" + std::to_string(n) + "\n" + std::to_string(n / 4) + "\n" + state +
               ":\n.epoch\nenv\nsecrets\n\n" + state + "/secrets:\ncrt\nkey\n" + secret + secret;
      };
      EXPECT_TRUE(found == expected(one.least) || found == expected(one.least + 1))
          << "acknowledged: " << one.least << "; found: " << found;
      EXPECT_THAT(client.ask(generation_request(0)), HasSubstr(R"("ok":true)"));
    }
  }

  test::TempDir dir_;
};

TEST_F(PowerCut, LosesNothingThatWasAcknowledgedAsDurable) {
  const std::size_t flushes = long_form() ? 50 : 5;
  constexpr std::size_t kDisksOfAGuest = 20;
  std::vector<RecordedDisk> disks;
  for (const FileSystem& file_system : kFileSystems) disks.emplace_back(file_system, dir_.path());
  record(disks, static_cast<int>(flushes) * 2);
  if (HasFatalFailure()) return;
  std::vector<Cut> cuts;
  for (const RecordedDisk& disk : disks) {
    for (Cut& one : cut(disk, flushes, flushes)) cuts.push_back(std::move(one));
  }
  for (std::size_t i = 0; i < cuts.size(); i += kDisksOfAGuest) {
    check(std::span(cuts).subspan(i, std::min(kDisksOfAGuest, cuts.size() - i)));
  }
  std::cout << cuts.size() << " cuts\n";
}

// ---- a quota ----

TEST(ProjectQuota, UsedUpThenRaised) {
  const test::TempDir dir;
  const std::string disk = dir / "disk";
  run_here({"truncate", "-s", "64M", disk});
  run_here({"mkfs.ext4", "-q", "-F", "-O", "quota,project", "-E", "quotatype=prjquota", disk});
  GuestVm vm =
      GuestVm::boot({.qemu = " -drive if=none,id=disk,format=raw,file=" + disk + " -device virtio-blk-pci,drive=disk"});
  run_there(vm,
            "for m in virtio_blk quota_tree quota_v2; do insmod /lib/$m.ko; done; mkdir /mnt;"
            " mount -t ext4 -o prjquota /dev/vda /mnt && mkdir /mnt/q && quota_probe /mnt/q");
  start_daemon(vm, 5555, "/mnt/q");
  LineClient client = dial(vm, 5555);
  const std::string large = base64(std::string(100'000, 'q'));
  const std::string apply = R"({"op":"apply","id":"x","env":{"A":"1"},"secrets":{"a":")" + large +
                            R"(","b":"MQ=="}})"
                            "\n";
  ASSERT_THAT(client.ask(set_secret_request("a", "before")), HasSubstr(R"("ok":true)"));
  const auto expect_refused = [&](const std::string& limits) {
    run_there(vm, "quota_probe /dev/vda " + limits);
    for (const std::string& request : {apply, set_secret_request("a", std::string(100'000, 'q'))}) {
      EXPECT_THAT(client.ask(request), HasSubstr("Quota exceeded"));
      EXPECT_EQ(run_there(vm, "cd /mnt/q/state; cat secrets/a; ls -A . secrets"), "before.:\nsecrets\n\nsecrets:\na\n");
    }
    EXPECT_THAT(client.ask(apply), HasSubstr(R"("code":"no_space")"));
  };
  expect_refused("80 0");
  expect_refused("0 4");  // two folders, a secret, and one file more
  run_there(vm, "quota_probe /dev/vda 0 0");
  EXPECT_THAT(client.ask(apply), HasSubstr(R"("ok":true)"));
  EXPECT_EQ(run_there(vm, "cat /mnt/q/state/env; wc -c </mnt/q/state/secrets/a"), "A=1\n100000\n");
}

}  // namespace
}  // namespace microvm::faults
