// ./dev bench: how long a boot sequence takes, from starting the VMM to the answer of InstanceStart: through this
// library's client, through its runtime (monitor, records and all), through a bare loop of C that sends the same bytes,
// and through the Rust crate fctools. Prints the table.
//   bench_boot VMM MONITOR BOOT_FLOOR BOOT_PARENT [BOOT_FCTOOLS]
#include <fcntl.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <iostream>
#include <memory>
#include <optional>
#include <stdexcept>
#include <vector>

#include "common/base/unique_fd.h"
#include "microvm/fcapi.h"
#include "microvm/runtime.h"
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
  ::posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
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

// The whole of it: a VM with a record, a monitor, a console that is drained. What is not measured is its end.
class RuntimeJob {
 public:
  RuntimeJob(const std::string& vmm, const std::string& monitor, const std::string& dir) : dir_(dir) {
    runtime_ = make_firecracker_runtime({.firecracker = vmm,
                                         .monitor = monitor,
                                         .state_dir = dir + "/state",
                                         .run_dir = dir + "/run",
                                         .vmm_environment = {"FIRECRACKER_QEMU_BACKEND=none"}});
    spec_.config = {.boot_source = fcapi::BootSource{.kernel_image_path = dir + "/vmlinux",
                                                     .boot_args = "console=ttyS0 reboot=k panic=1"},
                    .machine_config = fcapi::MachineConfig{.vcpu_count = 1, .mem_size_mib = 128},
                    .drives = {{.drive_id = "rootfs",
                                .is_root_device = true,
                                .path_on_host = dir + "/rootfs.ext4",
                                .is_read_only = true}},
                    .vsock = fcapi::Vsock{.guest_cid = 3, .uds_path = {}}};
  }
  double job() {
    spec_.id = "b" + std::to_string(++number_);
    const auto begin = std::chrono::steady_clock::now();
    const auto created = runtime_->create(spec_);
    if (!created) throw std::runtime_error(created.error().message);
    if (const auto started = runtime_->start(spec_.id); !started) throw std::runtime_error(started.error().message);
    const double time = us_since(begin);
    need(runtime_->remove(spec_.id, true));
    return time;
  }

 private:
  std::string dir_;
  std::unique_ptr<Runtime> runtime_;
  Spec spec_;
  int number_ = 0;
};

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

struct Programs {
  std::string vmm, monitor, floor, parent, fctools;
};

void run(const Programs& programs) {
  const test::TempDir dir("/dev/shm");
  test::refill(dir.path(), false);
  const std::string requests = dir / "requests";
  test::write_file(requests, sent_by(dir / "fc.sock", [&] { (void)boot(dir.path(), {}); }));

  Contender bare({programs.floor, programs.vmm, dir / "fc.sock", requests});
  Contender parented({programs.floor, programs.vmm, dir / "fc.sock", requests, programs.parent});
  RuntimeJob runtime(programs.vmm, programs.monitor, dir.path());
  std::optional<Contender> crate;
  std::vector<Take> takes = {round_of(dir.path(), [&] { return boot_one(programs.vmm, dir.path()); }),
                             round_of(dir.path(), [&] { return bare.job(); }),
                             round_of(dir.path(), [&] { return parented.job(); }),
                             round_of(dir.path(), [&] { return runtime.job(); })};
  if (!programs.fctools.empty()) {
    crate.emplace(std::vector{programs.fctools, programs.vmm, dir.path(), dir / "vmlinux", dir / "rootfs.ext4"});
    takes.push_back(round_of(dir.path(), [&] { return crate->job(); }));
  }
  const Rounds rounds(kRounds, takes);
  Table table("this library | fctools | bare loop");
  const auto add = [&](const char* what, std::size_t ours, std::size_t other, double target) {
    Row row{.what = what, .ours = us(rounds.middle(ours)), .floor = us(rounds.middle(other == 4 ? 1 : other))};
    if (crate) row.crate = us(rounds.middle(4));
    row.figure = rounds.ratio(ours, other);
    row.target = target;
    table.add(row);
  };
  add("client: boot sequence, to the bare loop's", 0, 1, 1.1);
  if (crate) add("client: boot sequence, to fctools'", 0, 4, 1.0);
  add("runtime: create and start, to the bare loop's", 3, 1, 1.15);
  add("runtime: create and start, to that of a bare loop with a parent", 3, 2, 1.15);
  if (crate) add("runtime: create and start, to fctools'", 3, 4, 1.0);
  std::cout << table.text();
}

}  // namespace

int main(int count, char** arguments) {
  ::setenv("FIRECRACKER_QEMU_BACKEND", "none", 1);
  try {
    if (count < 5) throw std::runtime_error("usage: bench_boot VMM MONITOR BOOT_FLOOR BOOT_PARENT [BOOT_FCTOOLS]");
    run({arguments[1], arguments[2], arguments[3], arguments[4], count > 5 ? arguments[5] : ""});
  } catch (const std::exception& error) {
    std::cerr << "bench_boot: " << error.what() << '\n';
    return 1;
  }
}
