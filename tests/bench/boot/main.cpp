// ./dev bench: how long a boot sequence takes, from starting the VMM to the answer of InstanceStart: through this
// library, through a bare loop of C that sends the same bytes, and through the Rust crate fctools. Prints the table.
//   bench_boot VMM BOOT_FLOOR [BOOT_FCTOOLS]
#include <fcntl.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <iostream>
#include <optional>
#include <stdexcept>
#include <vector>

#include "common/base/unique_fd.h"
#include "microvm/fcapi.h"
#include "tests/bench/boot/sent.h"
#include "tests/bench/rounds.h"
#include "tests/bench/table.h"
#include "tests/standin/fixtures.h"
#include "tests/support/files.h"
#include "tests/support/temp_dir.h"

namespace {

using namespace microvm;
using namespace microvm::bench;

constexpr int kRounds = 40;
constexpr int kJobsARound = 5;

void need(const Result<void>& done) {
  if (!done) throw std::runtime_error(done.error().message);
}

// The sequence: what an operator asks of a new VMM. `dir` is one that refill() has filled.
fcapi::Client boot(const std::string& dir, fcapi::Vmm process) {
  auto vmm = fcapi::Client::connect(dir + "/fc.sock", std::move(process));
  if (!vmm) throw std::runtime_error(vmm.error().message);
  need(vmm->put_machine_config({.vcpu_count = 1, .mem_size_mib = 128}));
  need(vmm->put_boot_source({.kernel_image_path = dir + "/vmlinux", .boot_args = "console=ttyS0 reboot=k panic=1"}));
  need(vmm->put_drive(
      {.drive_id = "rootfs", .is_root_device = true, .path_on_host = dir + "/rootfs.ext4", .is_read_only = true}));
  need(vmm->put_vsock({.guest_cid = 3, .uds_path = dir + "/v.sock"}));
  need(vmm->put_action({fcapi::ActionType::InstanceStart}));
  return std::move(*vmm);
}

pid_t start(const std::string& program, const std::string& socket) {
  const char* arguments[] = {program.c_str(), "--api-sock", socket.c_str(), nullptr};
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
  pid_t child = -1;
  const int error =
      ::posix_spawn(&child, program.c_str(), &actions, nullptr, const_cast<char* const*>(arguments), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  if (error != 0) throw std::runtime_error(program + ": cannot be started");
  return child;
}

double boot_one(const std::string& program, const std::string& dir) {
  const auto begin = std::chrono::steady_clock::now();
  const pid_t child = start(program, dir + "/fc.sock");
  const UniqueFd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, child, 0)));
  const fcapi::Client client = boot(dir, {.pidfd = pidfd.get(), .last_output = {}});
  const double time = us_since(begin);
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  return time;
}

// Another program that does one job for each line it gets, and answers the nanoseconds.
class Contender {
 public:
  explicit Contender(const std::vector<std::string>& argv) {
    int to[2], from[2];
    if (::pipe2(to, O_CLOEXEC) != 0 || ::pipe2(from, O_CLOEXEC) != 0) throw std::runtime_error("no pipes");
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_adddup2(&actions, to[0], 0);
    ::posix_spawn_file_actions_adddup2(&actions, from[1], 1);
    std::vector<char*> arguments;
    for (const std::string& word : argv) arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    const int error = ::posix_spawn(&child_, arguments[0], &actions, nullptr, arguments.data(), environ);
    ::posix_spawn_file_actions_destroy(&actions);
    ::close(to[0]);
    ::close(from[1]);
    to_ = UniqueFd(to[1]);
    from_ = UniqueFd(from[0]);
    if (error != 0) throw std::runtime_error(argv[0] + ": cannot be started");
  }
  Contender(const Contender&) = delete;
  Contender& operator=(const Contender&) = delete;
  ~Contender() {
    to_.reset();
    ::waitpid(child_, nullptr, 0);
  }

  double job() {
    char answer[64];
    const ssize_t n = ::write(to_.get(), "\n", 1) == 1 ? ::read(from_.get(), answer, sizeof answer - 1) : -1;
    if (n <= 0) throw std::runtime_error("a contender has ended");
    answer[n] = '\0';
    return std::stod(answer) / 1000;
  }

 private:
  pid_t child_ = -1;
  UniqueFd to_;
  UniqueFd from_;
};

// A VMM leaves its sockets behind, and the next one refuses to start over them.
Take round_of(const std::string& dir, const std::function<double()>& job) {
  return [dir, job] {
    Figures times;
    for (int i = 0; i < kJobsARound; ++i) {
      for (const char* socket : {"/fc.sock", "/v.sock"}) ::unlink((dir + socket).c_str());
      times.push_back(job());
    }
    return Figures{median(std::move(times))};
  };
}

void run(const std::string& vmm, const std::string& floor, const std::string& fctools) {
  const test::TempDir dir("/dev/shm");
  test::refill(dir.path(), false);
  const std::string requests = dir / "requests";
  test::write_file(requests, sent_by(dir / "fc.sock", [&] { (void)boot(dir.path(), {}); }));

  Contender bare({floor, vmm, dir / "fc.sock", requests});
  std::optional<Contender> crate;
  std::vector<Take> takes = {round_of(dir.path(), [&] { return boot_one(vmm, dir.path()); }),
                             round_of(dir.path(), [&] { return bare.job(); })};
  if (!fctools.empty()) {
    crate.emplace(std::vector{fctools, vmm, dir.path(), dir / "vmlinux", dir / "rootfs.ext4"});
    takes.push_back(round_of(dir.path(), [&] { return crate->job(); }));
  }
  const Rounds rounds(kRounds, takes);
  Table table("this library | fctools | bare loop");
  Row row{.what = "boot sequence, to the bare loop's", .ours = us(rounds.middle(0)), .floor = us(rounds.middle(1))};
  if (crate) row.crate = us(rounds.middle(2));
  row.figure = rounds.ratio(0, 1);
  row.target = 1.1;
  table.add(row);
  if (crate) {
    row.what = "boot sequence, to fctools'";
    row.figure = rounds.ratio(0, 2);
    row.target = 1.0;
    table.add(row);
  }
  std::cout << table.text();
}

}  // namespace

int main(int count, char** arguments) {
  ::setenv("FIRECRACKER_QEMU_BACKEND", "none", 1);
  try {
    if (count < 3) throw std::runtime_error("usage: bench_boot VMM BOOT_FLOOR [BOOT_FCTOOLS]");
    run(arguments[1], arguments[2], count > 3 ? arguments[3] : "");
  } catch (const std::exception& error) {
    std::cerr << "bench_boot: " << error.what() << '\n';
    return 1;
  }
}
