// Deaths: of the monitor, of the VMM, of the host's memory of both; and what others left in the way.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <thread>

#include "common/base/unique_fd.h"
#include "tests/runtime/subject.h"
#include "tests/support/files.h"
#include "tests/vmm/vmm.h"

namespace microvm::test {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::IsEmpty;

class Deaths : public testing::Test {
 protected:
  VmInfo running() {
    EXPECT_TRUE(subject.runtime().create(subject.spec("vm")));
    EXPECT_TRUE(subject.runtime().start("vm"));
    return info();
  }
  VmInfo info() {
    const auto found = subject.runtime().inspect("vm");
    EXPECT_TRUE(found) << found.error().message;
    return found.value_or(VmInfo{});
  }
  // Whoever is its parent now may reap it later.
  static void wait_gone(int pid) {
    const UniqueFd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
    pollfd ended{.fd = pidfd.get(), .events = POLLIN, .revents = 0};
    EXPECT_EQ(::poll(&ended, 1, 10'000), 1);
  }

  Subject subject;
};

TEST_F(Deaths, TheVmmKilledIsExitedWithin100Milliseconds) {
  const VmInfo vm = running();
  ASSERT_TRUE(vm.vmm);
  const auto begin = std::chrono::steady_clock::now();
  ASSERT_EQ(::kill(vm.vmm->pid, SIGKILL), 0);
  while (!exists(subject.state_of_vm("vm") + "/exit.json") && std::chrono::steady_clock::now() - begin < 5s)
    std::this_thread::sleep_for(1ms);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 100ms);
  const VmInfo after = info();
  EXPECT_EQ(after.state, VmState::Exited);
  ASSERT_TRUE(after.exit);
  EXPECT_EQ(after.exit->signal, SIGKILL);
  EXPECT_EQ(after.exit->reason, ExitReason::VmmSignal);
  EXPECT_FALSE(exists(vm.api_socket));
  EXPECT_FALSE(exists(vm.vsock_socket));
}

TEST_F(Deaths, AMonitorKilledIsFollowedByAnother) {
  const VmInfo vm = running();
  ASSERT_EQ(::kill(vm.monitor->pid, SIGKILL), 0);
  wait_gone(vm.monitor->pid);
  std::vector<std::string> notices;
  RuntimeOptions options = subject.options();
  options.notice = [&](std::string_view, std::string_view text) { notices.emplace_back(text); };
  const auto other = make_firecracker_runtime(std::move(options));
  const auto all = other->list();
  ASSERT_TRUE(all) << all.error().message;
  ASSERT_EQ(all->size(), 1U);
  EXPECT_EQ(all->front().state, VmState::Running);
  ASSERT_TRUE(all->front().monitor);
  EXPECT_NE(all->front().monitor->pid, vm.monitor->pid);
  EXPECT_EQ(all->front().vmm->pid, vm.vmm->pid);
  EXPECT_THAT(notices, testing::ElementsAre(HasSubstr("monitor had died")));
  // The new one sees the end, and the kernel tells it how it was.
  ASSERT_TRUE(other->kill("vm"));
  const auto exit = other->wait("vm", 10s);
  ASSERT_TRUE(exit) << exit.error().message;
  EXPECT_EQ(exit->reason, ExitReason::Killed);
}

TEST_F(Deaths, BothKilledIsAnUnknownEnd) {
  const VmInfo vm = running();
  ASSERT_EQ(::kill(vm.monitor->pid, SIGKILL), 0);
  wait_gone(vm.monitor->pid);
  ASSERT_EQ(::kill(vm.vmm->pid, SIGKILL), 0);
  wait_gone(vm.vmm->pid);
  const VmInfo after = info();
  EXPECT_EQ(after.state, VmState::Exited);
  ASSERT_TRUE(after.exit);
  EXPECT_EQ(after.exit->code, std::nullopt);
  EXPECT_EQ(after.exit->signal, std::nullopt);
  EXPECT_EQ(after.exit->reason, ExitReason::Unknown);
  EXPECT_FALSE(exists(vm.vsock_socket));
  EXPECT_TRUE(subject.runtime().remove("vm"));
  EXPECT_THAT(subject.leftovers(), IsEmpty());
}

TEST_F(Deaths, NoCgroupIsLeftOfAnyDeath) {
  const VmInfo vm = running();
  const std::string file = subject.run_of_vm("vm") + "/cgroup";
  if (!exists(file)) GTEST_SKIP() << "no cgroup2 hierarchy can be written here";
  std::string cgroup = read_file(file);
  cgroup.pop_back();
  ASSERT_TRUE(exists(cgroup));
  ASSERT_EQ(::kill(vm.monitor->pid, SIGKILL), 0);
  wait_gone(vm.monitor->pid);
  ASSERT_EQ(::kill(vm.vmm->pid, SIGKILL), 0);
  wait_gone(vm.vmm->pid);
  EXPECT_EQ(info().state, VmState::Exited);
  EXPECT_FALSE(exists(cgroup));
}

TEST_F(Deaths, TwoVmsOfOneIdInTwoPlacesDoNotShareAnything) {
  Subject other;
  running();
  ASSERT_TRUE(other.runtime().create(other.spec("vm")));
  ASSERT_TRUE(other.runtime().remove("vm", true));
  EXPECT_EQ(info().state, VmState::Running);
}

TEST_F(Deaths, AResumeThatIsCutShortLeavesNoDeadVsock) {
  running();
  ASSERT_TRUE(subject.runtime().pause("vm"));
  const pid_t driver = ::fork();
  if (driver == 0) {
    RuntimeOptions options = subject.options();
    options.before_step = [](std::string_view, std::string_view step) {
      if (step == "revive vsock") ::raise(SIGKILL);
      return Result<void>();
    };
    (void)make_firecracker_runtime(std::move(options))->resume("vm");
    ::_exit(1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(driver, &status, 0), driver);
  ASSERT_TRUE(WIFSIGNALED(status));
  EXPECT_EQ(info().state, VmState::Running);
  // The log is taken a moment later.
  const auto is_reset = [this] {
    return read_file(subject.state_of_vm("vm") + "/vmm.log").find("/snapshot/create") != std::string::npos;
  };
  EXPECT_TRUE(eventually(is_reset, 5s));
}

TEST_F(Deaths, ABootOfTheHostEndsAll) {
  running();
  const int monitor = info().monitor->pid;
  ASSERT_TRUE(subject.runtime().kill("vm"));
  wait_gone(monitor);
  // As another boot finds it: no run directory, no exit written down, another boot id.
  const std::string state = subject.state_of_vm("vm");
  std::filesystem::remove_all(subject.run_of_vm("vm"));
  std::filesystem::remove(state + "/exit.json");
  std::string record = read_file(state + "/record.json");
  const std::size_t at = record.find("\"boot_id\":\"") + 11;
  record[at] = record[at] == '0' ? '1' : '0';
  write_file(state + "/record.json", record);
  const auto all = subject.runtime().list();
  ASSERT_TRUE(all) << all.error().message;
  ASSERT_EQ(all->size(), 1U);
  EXPECT_EQ(all->front().state, VmState::Exited);
  ASSERT_TRUE(all->front().exit);
  EXPECT_EQ(all->front().exit->reason, ExitReason::HostRebooted);
  EXPECT_TRUE(subject.runtime().remove("vm"));
  EXPECT_THAT(subject.leftovers(), IsEmpty());
}

TEST_F(Deaths, AProcessOfThatNumberThatIsAnotherIsLeftAlone) {
  const VmInfo vm = running();
  ASSERT_EQ(::kill(vm.monitor->pid, SIGKILL), 0);
  wait_gone(vm.monitor->pid);
  ASSERT_EQ(::kill(vm.vmm->pid, SIGKILL), 0);
  wait_gone(vm.vmm->pid);
  // This test's own number, with the start time of another.
  const std::string text = read_file(subject.run_of_vm("vm") + "/vmm");
  const std::string rest = text.substr(text.find(' '));
  write_file(subject.run_of_vm("vm") + "/vmm", std::to_string(::getpid()) + rest);
  EXPECT_FALSE(subject.runtime().kill("vm"));
  EXPECT_EQ(info().state, VmState::Exited);
}

TEST_F(Deaths, TheErrorOfAVmmThatCannotStartHasItsLastWords) {
  Spec spec = subject.spec("vm");
  spec.config.boot_source->kernel_image_path = subject.dir() + "/nowhere";
  const auto created = subject.runtime().create(spec);
  ASSERT_FALSE(created);
  EXPECT_EQ(created.error().step, "configuration");
  EXPECT_THAT(created.error().message, testing::AllOf(HasSubstr("VM vm: create: configuration: PUT /boot-source"),
                                                      HasSubstr("kernel file cannot be opened")));
  EXPECT_THAT(subject.leftovers(), IsEmpty());

  RuntimeOptions options = subject.options();
  options.firecracker = "/bin/false";
  const auto failing = make_firecracker_runtime(options)->create(subject.spec("vm"));
  ASSERT_FALSE(failing);
  EXPECT_EQ(failing.error().code, ErrorCode::VmmDied) << failing.error().message;
  EXPECT_THAT(subject.leftovers(), IsEmpty());

  const std::string words = subject.dir() + "/words";
  write_file(words, "#!/bin/sh\necho these are my last words >&2\nexit 3\n", 0700);
  options.firecracker = words;
  const auto speaking = make_firecracker_runtime(options)->create(subject.spec("vm"));
  ASSERT_FALSE(speaking);
  EXPECT_THAT(speaking.error().message, HasSubstr("these are my last words"));
  EXPECT_THAT(subject.leftovers(), IsEmpty());

  options.firecracker = subject.dir() + "/vmlinux";
  const auto unrunnable = make_firecracker_runtime(options)->create(subject.spec("vm"));
  ASSERT_FALSE(unrunnable);
  EXPECT_THAT(subject.leftovers(), IsEmpty());
}

TEST_F(Deaths, AVsockSocketThatIsThereIsNotTakenAway) {
  Spec first = subject.spec("one");
  first.config.vsock->uds_path = subject.dir() + "/shared.sock";
  ASSERT_TRUE(subject.runtime().create(first));
  Spec second = first;
  second.id = "two";
  const auto created = subject.runtime().create(second);
  ASSERT_FALSE(created);
  EXPECT_EQ(created.error().code, ErrorCode::Exists);
  EXPECT_THAT(created.error().message, HasSubstr("shared.sock"));
  EXPECT_TRUE(exists(first.config.vsock->uds_path));
  ASSERT_TRUE(subject.runtime().remove("one", true));
  EXPECT_FALSE(exists(first.config.vsock->uds_path));
}

TEST_F(Deaths, AStateDirectoryRemovedByHandIsCollected) {
  running();
  std::filesystem::remove_all(subject.state_of_vm("vm"));
  const auto would = subject.runtime().gc(true);
  ASSERT_TRUE(would) << would.error().message;
  EXPECT_EQ(would->size(), 3U);
  EXPECT_EQ(subject.processes().size(), 2U);
  make_dir(subject.dir() + "/run/of-somebody-else");
  const auto found = subject.runtime().gc(false);
  ASSERT_TRUE(found);
  for (const Garbage& item : *found) EXPECT_TRUE(item.removed) << item.path;
  EXPECT_THAT(subject.processes(), IsEmpty());
  EXPECT_THAT(subject.files(), testing::ElementsAre(HasSubstr("of-somebody-else")));
}

TEST_F(Deaths, ALongRunDirectoryIsShortened) {
  const std::string id(63, 'a');
  RuntimeOptions options = subject.options();
  options.run_dir = subject.dir() + "/" + std::string(40, 'r');
  const auto runtime = make_firecracker_runtime(options);
  const auto created = runtime->create(subject.spec(id));
  ASSERT_TRUE(created) << created.error().message;
  const auto vm = runtime->inspect(id);
  ASSERT_TRUE(vm);
  EXPECT_LT(vm->run_dir.size(), 90U);
  EXPECT_TRUE(runtime->start(id));
  EXPECT_TRUE(runtime->remove(id, true));

  options.run_dir = subject.dir() + "/" + std::string(100, 'r');
  const auto refused = make_firecracker_runtime(options)->create(subject.spec("vm"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::Invalid);
  EXPECT_THAT(refused.error().message, HasSubstr("107"));
}

TEST_F(Deaths, DirectoriesThatOthersCanWriteToAreRefused) {
  make_dir(subject.dir() + "/state");
  ASSERT_EQ(::chmod((subject.dir() + "/state").c_str(), 0777), 0);
  const auto created = subject.runtime().create(subject.spec("vm"));
  ASSERT_FALSE(created);
  EXPECT_THAT(created.error().message, HasSubstr("others can write there"));
}

}  // namespace
}  // namespace microvm::test
