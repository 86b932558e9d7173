// Runs inside the guest: puts a folder under a project quota, or changes its limits.
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/quota.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

namespace {

constexpr int kProjectQuota = 2;  // PRJQUOTA, which not every C library has
constexpr unsigned kProject = 1;

int failed(const char* what) {
  std::perror(what);
  return 1;
}

// C libraries differ in the type of an ioctl's number.
long control(int fd, unsigned long number, fsxattr& attributes) { return syscall(SYS_ioctl, fd, number, &attributes); }

int join_project(const char* folder) {
  const int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  fsxattr attributes{};
  if (fd < 0 || control(fd, FS_IOC_FSGETXATTR, attributes) != 0) return failed(folder);
  attributes.fsx_projid = kProject;
  attributes.fsx_xflags |= FS_XFLAG_PROJINHERIT;
  if (control(fd, FS_IOC_FSSETXATTR, attributes) != 0) return failed(folder);
  close(fd);
  return 0;
}

int set_limits(const char* device, const char* kibibytes, const char* files) {
  dqblk limits{};
  limits.dqb_bhardlimit = std::strtoul(kibibytes, nullptr, 10);
  limits.dqb_ihardlimit = std::strtoul(files, nullptr, 10);
  limits.dqb_valid = QIF_LIMITS;
  const int command = QCMD(Q_SETQUOTA, kProjectQuota);
  return quotactl(command, device, kProject, reinterpret_cast<char*>(&limits)) == 0 ? 0 : failed(device);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 2) return join_project(argv[1]);
  if (argc == 4) return set_limits(argv[1], argv[2], argv[3]);
  std::fputs("usage: quota_probe FOLDER | quota_probe DEVICE KIBIBYTES FILES (0: no limit)\n", stderr);
  return 2;
}
