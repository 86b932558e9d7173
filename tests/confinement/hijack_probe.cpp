// Tries what whoever took the daemon over would, and prints how each attempt ended: its name and an errno, 0 for
// success.
//
//   hijack_probe free DIR FILE       as it is, each attempt in a process of its own
//   hijack_probe confined DIR FILE   confined as the daemon is, to DIR; FILE must be outside of it
//   hijack_probe i386 DIR            confined, and then a system call by the door of 32-bit programs
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/keyctl.h>
#include <linux/perf_event.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string>
#include <string_view>

#include "common/posix/unix_address.h"
#include "guest/confinement.h"

namespace {

using microvm::FixedText;

constexpr std::string_view kUsage = "usage: hijack_probe free|confined DIR FILE\n       hijack_probe i386 DIR\n";
constexpr int kVsock = 40;  // AF_VSOCK
constexpr long kX32 = 0x40000000;

// What the attempts work on; made while everything was still allowed.
struct Scene {
  std::string directory;
  int dir = -1;
  int own_file = -1;        // in it
  std::string file;         // outside
  std::string victim_file;  // likewise
  pid_t victim = -1;        // another process
  int victim_socket = -1;   // its socket
  sockaddr_un victim_address{};
  int datagrams = -1;                                              // an unconnected socket of this one
  std::array<char, sizeof(file_handle) + MAX_HANDLE_SZ> handle{};  // of `file`
  void* page = nullptr;
  char* self = nullptr;  // a program
};

void print(std::string_view line) {
  if (::write(STDOUT_FILENO, line.data(), line.size()) < 0) ::_exit(3);
}

int outcome(long result) { return result < 0 ? errno : 0; }

// As the daemon opens; open(2) is not even in its list.
int open_path(const std::string& path, int flags) {
  return outcome(::openat(AT_FDCWD, path.c_str(), flags | O_CLOEXEC, 0600));
}

int create_outside(const Scene& scene) {
  const std::string path = scene.file + ".new";
  const int result = open_path(path, O_WRONLY | O_CREAT | O_EXCL);
  if (result == 0) ::unlink(path.c_str());
  return result;
}

int rename_outside(const Scene& scene) {
  const std::string path = scene.file + ".moved";
  const int result = outcome(::renameat(AT_FDCWD, scene.file.c_str(), AT_FDCWD, path.c_str()));
  if (result == 0) ::rename(path.c_str(), scene.file.c_str());
  return result;
}

int move_in(const Scene& scene) {
  const int result = outcome(::linkat(AT_FDCWD, scene.file.c_str(), scene.dir, "linked", 0));
  if (result == 0) ::unlinkat(scene.dir, "linked", 0);
  return result;
}

int make_in_directory(const Scene& scene, mode_t type, mode_t mode) {
  const int result = type == S_IFREG
                         ? outcome(::openat(scene.dir, "made", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode))
                         : outcome(::mknodat(scene.dir, "made", type | mode, 0x103));  // /dev/null
  if (result == 0) ::unlinkat(scene.dir, "made", 0);
  return result;
}

// Where no process can be made, in this one.
int execute(const Scene& scene) {
  char nothing[] = "nothing";
  char* argv[] = {scene.self, nothing, nullptr};
  char* envp[] = {nullptr};
  return outcome(::execve(scene.self, argv, envp));
}

int fork_once(const Scene&) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(0);
  return outcome(child);
}

int read_memory(const Scene& scene) {
  char byte = 0;
  const iovec here{&byte, 1};
  const iovec there{const_cast<Scene*>(&scene), 1};  // the victim is a copy of this process
  return outcome(::process_vm_readv(scene.victim, &here, 1, &there, 1, 0));
}

int send_elsewhere(const Scene& scene) {
  return outcome(::sendto(scene.datagrams, "x", 1, MSG_DONTWAIT,
                          reinterpret_cast<const sockaddr*>(&scene.victim_address), sizeof scene.victim_address));
}

int mount_over(const Scene& scene) {
  const int result = outcome(::mount("none", scene.directory.c_str(), "tmpfs", 0, nullptr));
  if (result == 0) ::umount2(scene.directory.c_str(), MNT_DETACH);
  return result;
}

int load_program(const Scene&) {
  bpf_attr attributes{};
  attributes.map_type = BPF_MAP_TYPE_ARRAY;
  attributes.key_size = attributes.value_size = 4;
  attributes.max_entries = 1;
  return outcome(::syscall(SYS_bpf, BPF_MAP_CREATE, &attributes, sizeof attributes));
}

int open_by_handle(const Scene& scene) {
  auto handle = scene.handle;
  return outcome(::syscall(SYS_open_by_handle_at, scene.dir, handle.data(), O_RDONLY));
}

int watch_events(const Scene& scene) {
  perf_event_attr attributes{};
  attributes.size = sizeof attributes;
  attributes.type = PERF_TYPE_SOFTWARE;
  attributes.config = PERF_COUNT_SW_TASK_CLOCK;
  return outcome(::syscall(SYS_perf_event_open, &attributes, scene.victim, -1, -1, 0));
}

int executable_memory(const Scene&) {
  void* page = ::mmap(nullptr, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return page == MAP_FAILED ? errno : 0;
}

int own_work(const Scene& scene) {
  const int made = ::openat(scene.dir, "new", O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  const bool done = made >= 0 && ::write(made, "x", 1) == 1 && ::ftruncate(made, 0) == 0 && ::fsync(made) == 0 &&
                    ::mkdirat(scene.dir, "set", 0700) == 0 &&
                    ::linkat(scene.dir, "new", scene.dir, "set/new", 0) == 0 &&
                    ::renameat(scene.dir, "new", scene.dir, "newer") == 0 && ::unlinkat(scene.dir, "newer", 0) == 0 &&
                    ::unlinkat(scene.dir, "set/new", 0) == 0 && ::unlinkat(scene.dir, "set", AT_REMOVEDIR) == 0;
  return done ? 0 : errno;
}

struct Attempt {
  std::string_view name;
  int (*run)(const Scene&);
};

constexpr Attempt kAttempts[] = {
    {"own_work", own_work},
    {"read_outside", [](const Scene& scene) { return open_path(scene.file, O_RDONLY); }},
    {"write_outside", [](const Scene& scene) { return open_path(scene.file, O_WRONLY); }},
    {"create_outside", create_outside},
    {"rename_outside", rename_outside},
    {"remove_outside", [](const Scene& scene) { return outcome(::unlink(scene.victim_file.c_str())); }},
    {"link_outside_in", move_in},
    {"list_root", [](const Scene&) { return open_path("/", O_RDONLY | O_DIRECTORY); }},
    {"climb_out", [](const Scene& scene) { return outcome(::openat(scene.dir, "..", O_RDONLY | O_DIRECTORY)); }},
    {"own_memory_file", [](const Scene&) { return open_path("/proc/self/mem", O_RDWR); }},
    {"set_id_file", [](const Scene& scene) { return make_in_directory(scene, S_IFREG, 04755); }},
    {"set_id_mode", [](const Scene& scene) { return outcome(::fchmod(scene.own_file, 04755)); }},
    {"device_file", [](const Scene& scene) { return make_in_directory(scene, S_IFCHR, 0600); }},
    {"open_by_handle", open_by_handle},
    {"execute", execute},
    {"fork", fork_once},
    {"ptrace", [](const Scene& scene) { return outcome(::ptrace(PTRACE_SEIZE, scene.victim, nullptr, nullptr)); }},
    {"read_memory", read_memory},
    {"signal", [](const Scene& scene) { return outcome(::kill(scene.victim, SIGCONT)); }},
    {"socket_unix", [](const Scene&) { return outcome(::socket(AF_UNIX, SOCK_STREAM, 0)); }},
    {"socket_inet", [](const Scene&) { return outcome(::socket(AF_INET, SOCK_STREAM, 0)); }},
    {"socket_vsock", [](const Scene&) { return outcome(::socket(kVsock, SOCK_STREAM, 0)); }},
    {"send_elsewhere", send_elsewhere},
    {"mount", mount_over},
    {"unshare", [](const Scene&) { return outcome(::unshare(CLONE_NEWNS)); }},
    {"user_namespace", [](const Scene&) { return outcome(::unshare(CLONE_NEWUSER)); }},
    {"chroot", [](const Scene& scene) { return outcome(::chroot(scene.directory.c_str())); }},
    {"bpf", load_program},
    {"keyring", [](const Scene&) { return outcome(::syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, nullptr)); }},
    {"module", [](const Scene&) { return outcome(::syscall(SYS_finit_module, -1, "", 0)); }},
    {"perf", watch_events},
    {"io_uring", [](const Scene&) { return outcome(::syscall(SYS_io_uring_setup, 0, nullptr)); }},
    {"memory_file", [](const Scene&) { return outcome(::syscall(SYS_memfd_create, "x", 0)); }},
    {"executable_memory", executable_memory},
    {"executable_page",
     [](const Scene& scene) { return outcome(::mprotect(scene.page, 4096, PROT_READ | PROT_EXEC)); }},
    {"dumpable", [](const Scene&) { return outcome(::prctl(PR_SET_DUMPABLE, 1)); }},
    {"ioctl",
     [](const Scene& scene) {
       int n = 0;
       return outcome(::ioctl(scene.datagrams, FIONREAD, &n));
     }},
    {"user", [](const Scene&) { return outcome(::setuid(65534)); }},
    {"x32", [](const Scene&) { return outcome(::syscall(kX32 | SYS_getpid)); }},
};

// So that one that succeeds changes nothing for the next; a confined one cannot fork, and needs not.
int run(const Attempt& attempt, const Scene& scene) {
  const pid_t child = ::fork();
  if (child < 0) return attempt.run(scene);
  if (child == 0) ::_exit(attempt.run(scene));
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

// Lives as long as this process: a confined parent cannot even leave it a signal for its death.
pid_t start_victim() {
  int ends[2];
  if (::pipe(ends) != 0) return -1;
  const pid_t child = ::fork();
  if (child != 0) return child;
  ::close(ends[1]);
  char end = 0;
  ::_exit(static_cast<int>(::read(ends[0], &end, 1)));
}

bool prepare(Scene& scene, char** argv) {
  scene.self = argv[0];
  scene.directory = argv[2];
  scene.dir = ::open(argv[2], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  scene.own_file = ::openat(scene.dir, "own", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  scene.file = argv[3];
  scene.victim_file = scene.file + ".victim";
  const int made = ::open(scene.victim_file.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  const auto address = microvm::posix::unix_address(scene.file + ".socket");
  if (!address) return false;
  scene.victim_address = *address;
  scene.victim_socket = ::socket(AF_UNIX, SOCK_DGRAM, 0);
  ::unlink(address->sun_path);
  const int bound = ::bind(scene.victim_socket, reinterpret_cast<const sockaddr*>(&*address), sizeof *address);
  scene.datagrams = ::socket(AF_UNIX, SOCK_DGRAM, 0);
  scene.victim = start_victim();
  scene.page = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  const unsigned room = MAX_HANDLE_SZ;
  std::memcpy(scene.handle.data(), &room, sizeof room);  // file_handle::handle_bytes
  int mount_id = 0;
  // Some file systems have no handles.
  ::syscall(SYS_name_to_handle_at, AT_FDCWD, scene.file.c_str(), scene.handle.data(), &mount_id, 0);
  return scene.dir >= 0 && scene.own_file >= 0 && made >= 0 && bound == 0 && scene.datagrams >= 0 && scene.victim > 0;
}

bool confine_to(const char* directory) {
  const int dir = ::open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const microvm::guest::Confinement held = microvm::guest::confine({&dir, 1}, "");
  FixedText line("landlock ");
  print((line << held.landlock).view());
  print("\n");
  return held.capabilities && held.no_new_privs;
}

int try_everything(char** argv, bool confined) {
  Scene scene;
  if (!prepare(scene, argv)) return 1;
  if (confined && !confine_to(argv[2])) return 1;
  for (const Attempt& attempt : kAttempts) {
    const int result = run(attempt, scene);
    FixedText line(attempt.name);
    print((line << " " << static_cast<unsigned>(result)).view());
    print("\n");
  }
  return 0;
}

// getpid by interrupt. A kernel without this door sends SIGSEGV.
int call_as_i386() {
#ifdef __x86_64__
  long result = 20;
  asm volatile("int $0x80" : "+a"(result) : : "memory");
  return result < 0 ? static_cast<int>(-result) : 0;
#else
  return ENOSYS;
#endif
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view how = argc > 1 ? argv[1] : "";
  if (argc == 4 && (how == "free" || how == "confined")) return try_everything(argv, how == "confined");
  if (argc == 3 && how == "i386") return confine_to(argv[2]) ? call_as_i386() : 1;
  if (how == "nothing") return 0;
  print(kUsage);
  return 2;
}
