// A guest whose VMM the jailer has locked up: the same API and the same vsock socket, below the jail's root.
#include <cstdlib>
#include <filesystem>
#include <sstream>

#include "tests/support/files.h"
#include "tests/vmm/vmm_test.h"

namespace microvm::test {
namespace {

namespace fs = std::filesystem;

constexpr uid_t kJailed = 10'000;

// What a program that is not static wants to find below its root.
void copy_libraries(const std::string& program, const std::string& root) {
  std::istringstream words(run({.argv = {program, "--version"}, .env = {{"LD_TRACE_LOADED_OBJECTS", "1"}}}).out);
  for (std::string word; words >> word;) {
    if (!word.starts_with('/')) continue;
    fs::create_directories(root + fs::path(word).parent_path().string());
    fs::copy_file(word, root + word);
  }
}

TEST(JailTest, GuestBootsInAJail) {
  const char* const jailer = std::getenv("JAILER_BIN");
  if (jailer == nullptr || !Vmm::is_real()) GTEST_SKIP() << "needs JAILER_BIN and Firecracker itself";
  const TempDir base;
  const std::string program = required_env("VMM_BIN");
  const std::string root = base / (fs::path(program).filename().string() + "/jailed/root");
  fs::create_directories(root);
  copy_libraries(program, root);
  fcapi::BootSource source = boot_source();
  fs::copy_file(source.kernel_image_path, root + "/vmlinux");
  fs::copy_file(*source.initrd_path, root + "/initramfs.cpio");
  source.kernel_image_path = "/vmlinux";
  source.initrd_path = "/initramfs.cpio";

  const std::string user = std::to_string(kJailed);
  Guest guest(root, "guest", {},
              {jailer, "--id", "jailed", "--exec-file", program, "--uid", user, "--gid", user, "--cgroup-version", "2",
               "--chroot-base-dir", base.path(), "--"});
  must(guest->put_boot_source(source));
  must(guest->put_vsock({.guest_cid = 3, .uds_path = guest.vsock_name()}));
  must(guest->put_action({fcapi::ActionType::InstanceStart}));
  EXPECT_DONE(guest.daemon().ping());
  EXPECT_EQ(stat_of(guest.uds()).st_uid, kJailed);
  guest.output("reboot -f >/dev/null 2>&1 &");
  EXPECT_EQ(guest.vmm().process().wait(std::chrono::seconds(30)), ExitStatus{.code = 0});
}

}  // namespace
}  // namespace microvm::test
