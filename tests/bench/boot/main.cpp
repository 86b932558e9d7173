// ./dev bench: how long a boot sequence takes, from starting the VMM to the answer of InstanceStart: through this
// library's client, through its runtime (monitor, records and all), through a bare loop of C that sends the same bytes,
// through the Rust crates fctools and microvm-runtime. Prints the table.
//   bench_boot VMM MONITOR BOOT_FLOOR BOOT_PARENT [BOOT_FCTOOLS [BOOT_CRATE]]
#include <fcntl.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <iostream>
#include <memory>
#include <optional>
#include <random>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

#include "common/base/unique_fd.h"
#include "microvm/fcapi.h"
#include "microvm/runtime.h"
#include "tests/bench/boot/contender.h"
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
constexpr int kAtOnce = 20;

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
    const std::string id = "b" + std::to_string(++number_);
    const auto begin = std::chrono::steady_clock::now();
    boot(id);
    const double time = us_since(begin);
    forget(id);
    return time;
  }
  void boot(const std::string& id) {
    Spec spec = spec_;
    spec.id = id;
    const auto created = runtime_->create(spec);
    if (!created) throw std::runtime_error(created.error().message);
    if (const auto started = runtime_->start(id); !started) throw std::runtime_error(started.error().message);
  }
  void forget(const std::string& id) { need(runtime_->remove(id, true)); }

 private:
  std::string dir_;
  std::unique_ptr<Runtime> runtime_;
  Spec spec_;
  int number_ = 0;
};

// Starting a guest waits for the kernel's clock twice (KVM does, to change a guest's memory): a job that begins where
// the one before it ended meets each tick at the same place, and a microsecond more may cost four milliseconds. So each
// begins at a place of its own.
void wait_a_while() {
  static std::minstd_rand random;
  ::usleep(static_cast<useconds_t>(random() % 8000));
}

// A VMM leaves its sockets behind, and the next one refuses to start over them.
Take round_of(const std::string& dir, const std::function<double()>& job) {
  return [dir, job] {
    Figures times;
    for (int i = 0; i < kJobsARound; ++i) {
      for (const char* socket : {"/fc.sock", "/v.sock"}) ::unlink((dir + socket).c_str());
      wait_a_while();
      times.push_back(job());
    }
    return Figures{median(std::move(times))};
  };
}

struct Programs {
  std::string vmm, monitor, floor, parent, fctools, crate;
};

// One folder for each that boots beside others.
class Crowd {
 public:
  Crowd(const Programs& programs, const std::string& requests_of, const std::string& dir)
      : runtime_(programs.vmm, programs.monitor, dir) {
    for (int i = 0; i < kAtOnce; ++i) {
      const std::string own = dir + "/" + std::to_string(i);
      test::make_dir(own);
      std::string requests = test::read_file(requests_of);
      const std::string from = dir + "/v.sock", to = own + "/v.sock";
      const std::size_t at = requests.find(from);
      requests.replace(at, from.size(), to);
      // The length of the body that has it is that of its request's header.
      const std::size_t length = requests.rfind("Content-Length: ", at) + 16;
      const std::size_t end = requests.find('\r', length);
      const std::size_t bytes = std::stoul(requests.substr(length, end - length)) + to.size() - from.size();
      requests.replace(length, end - length, std::to_string(bytes));
      test::write_file(own + "/requests", requests);
      bare_.push_back(
          std::make_unique<Contender>(std::vector{programs.floor, programs.vmm, own + "/fc.sock", own + "/requests"}));
      dirs_.push_back(own);
    }
  }
  double bare() {
    for (const std::string& own : dirs_)
      for (const char* socket : {"/fc.sock", "/v.sock"}) ::unlink((own + socket).c_str());
    return together([this](std::size_t i) { bare_[i]->job(); });
  }
  double runtime() {
    const double time = together([this](std::size_t i) { runtime_.boot("p" + std::to_string(i)); });
    for (int i = 0; i < kAtOnce; ++i) runtime_.forget("p" + std::to_string(i));
    return time;
  }

 private:
  template <class Job>
  static double together(Job job) {
    std::vector<std::jthread> threads;
    const auto begin = std::chrono::steady_clock::now();
    for (std::size_t i = 0; i < kAtOnce; ++i) threads.emplace_back([&job, i] { job(i); });
    threads.clear();
    return us_since(begin);
  }

  RuntimeJob runtime_;
  std::vector<std::unique_ptr<Contender>> bare_;
  std::vector<std::string> dirs_;
};

void run(const Programs& programs) {
  const test::TempDir dir("/dev/shm");
  test::refill(dir.path(), false);
  // A guest that halts: one that spins takes a processor from those that boot beside it.
  std::string kernel = test::read_file(dir / "vmlinux");
  kernel.replace(kernel.size() - 2, 2, "\xf4\xf4");
  test::write_file(dir / "vmlinux", kernel);
  const std::string requests = dir / "requests";
  test::write_file(requests, sent_by(dir / "fc.sock", [&] { (void)boot(dir.path(), {}); }));

  Contender bare({programs.floor, programs.vmm, dir / "fc.sock", requests});
  Contender parented({programs.floor, programs.vmm, dir / "fc.sock", requests, programs.parent});
  RuntimeJob runtime(programs.vmm, programs.monitor, dir.path());
  Crowd crowd(programs, requests, dir.path());
  enum { Client, Bare, Parented, Managed, BareCrowd, ManagedCrowd, Others };
  std::vector<Take> takes = {round_of(dir.path(), [&] { return boot_one(programs.vmm, dir.path()); }),
                             round_of(dir.path(), [&] { return bare.job(); }),
                             round_of(dir.path(), [&] { return parented.job(); }),
                             round_of(dir.path(), [&] { return runtime.job(); }),
                             [&] { return Figures{crowd.bare()}; },
                             [&] { return Figures{crowd.runtime()}; }};
  std::vector<std::pair<std::string, std::unique_ptr<Contender>>> others;
  for (const auto& [name, program] : {std::pair{"fctools", programs.fctools}, std::pair{"the crate", programs.crate}}) {
    if (program.empty()) continue;
    others.emplace_back(name, std::make_unique<Contender>(std::vector{program, programs.vmm, dir.path(),
                                                                      dir / "vmlinux", dir / "rootfs.ext4"}));
    takes.push_back(round_of(dir.path(), [other = others.back().second.get()] { return other->job(); }));
  }
  const Rounds rounds(kRounds, takes);
  Table table("this library | another crate | bare loop");
  const auto add = [&](const std::string& what, std::size_t ours, std::size_t other, double target) {
    Row row{.what = what, .ours = us(rounds.middle(ours))};
    (other >= Others ? row.crate : row.floor) = us(rounds.middle(other));
    row.figure = rounds.ratio(ours, other);
    row.target = target;
    table.add(row);
  };
  add("client: boot sequence, to the bare loop's", Client, Bare, 1.1);
  add("runtime: create and start, to the bare loop's", Managed, Bare, 1.15);
  add("runtime: create and start, to that of a bare loop with a parent", Managed, Parented, 1.15);
  add("runtime: 20 at once, to 20 bare loops", ManagedCrowd, BareCrowd, 1.15);
  for (std::size_t i = 0; i < others.size(); ++i) {
    add("client: boot sequence, to that of " + others[i].first, Client, Others + i, 1.0);
    add("runtime: create and start, to that of " + others[i].first, Managed, Others + i, 1.0);
  }
  std::cout << table.text();
}

}  // namespace

int main(int count, char** arguments) {
  ::setenv("FIRECRACKER_QEMU_BACKEND", "none", 1);
  try {
    const auto given = [&](int at) { return at < count ? std::string(arguments[at]) : std::string(); };
    if (count < 5)
      throw std::runtime_error("usage: bench_boot VMM MONITOR BOOT_FLOOR BOOT_PARENT [BOOT_FCTOOLS [BOOT_CRATE]]");
    run({given(1), given(2), given(3), given(4), given(5), given(6)});
  } catch (const std::exception& error) {
    std::cerr << "bench_boot: " << error.what() << '\n';
    return 1;
  }
}
