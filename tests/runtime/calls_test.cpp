// The command killed before each of its system calls: after the next command nothing is leaked, and the VM is as its
// record says. FAULTS_LONG takes each call, otherwise every seventh.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>
#include <iostream>
#include <map>
#include <sstream>

#include "tests/runtime/subject.h"
#include "tests/support/files.h"
#include "tests/support/process.h"
#include "tests/vmm/vmm.h"

namespace microvm::test {
namespace {

using namespace std::chrono_literals;
using testing::IsEmpty;

using Words = std::vector<std::string>;

struct Command {
  const char* name;
  std::vector<Words> before;
  Words words;
};

const Words kCreate{"create", "--name", "vm", "vm.json"}, kStart{"start", "vm"};

const std::vector<Command>& commands() {
  static const std::vector<Command> all = {
      {"create", {}, kCreate},
      {"start", {kCreate}, kStart},
      {"pause", {kCreate, kStart}, {"pause", "vm"}},
      {"resume", {kCreate, kStart, {"pause", "vm"}}, {"resume", "vm"}},
      {"stop", {kCreate, kStart}, {"stop", "-t", "0", "vm"}},
      {"rm", {kCreate, kStart, {"kill", "vm"}, {"wait", "vm"}}, {"rm", "vm"}},
      {"rm_force", {kCreate, kStart}, {"rm", "-f", "vm"}},
  };
  return all;
}

struct Call {
  std::string name;
  int number;  ///< of the calls of that name
};

class Calls : public testing::TestWithParam<Command> {
 protected:
  Calls() {
    write_file(subject.dir() + "/vm.json", R"({"boot-source": {"kernel_image_path": "vmlinux"}, "drives": [],
      "machine-config": {"vcpu_count": 1, "mem_size_mib": 64}, "vsock": {"guest_cid": 3, "uds_path": "v.sock"}})");
  }
  Finished microvm(const Words& words, const Words& tracer = {}) {
    Words all = tracer;
    const RuntimeOptions options = subject.options();
    all.insert(all.end(), {required_env("MICROVM_BIN"), "--state-dir", options.state_dir, "--run-dir", options.run_dir,
                           "--firecracker", options.firecracker, "--monitor", options.monitor});
    all.insert(all.end(), words.begin(), words.end());
    return test::run({.argv = all,
                      .env = {{"FIRECRACKER_QEMU_BACKEND", "none"}, {"ASAN_OPTIONS", "detect_leaks=0"}},
                      .cwd = subject.dir()});
  }
  void prepare() {
    for (const Words& words : GetParam().before) {
      const Finished done = microvm(words);
      if (words[0] != "wait") {
        ASSERT_EQ(done.status, ExitStatus{.code = 0}) << words[0] << ": " << done.err;
      }
    }
  }
  // Those from the first one on that has to do with VMs.
  std::vector<Call> calls() {
    prepare();
    const std::string log = subject.dir() + "/calls";
    microvm(GetParam().words, {"strace", "-qqq", "-o", log});
    (void)subject.runtime().remove("vm", true);
    std::vector<Call> all;
    std::map<std::string, int> seen;
    std::istringstream lines(read_file(log));
    bool has_begun = false;
    for (std::string line; std::getline(lines, line);) {
      const std::string name = line.substr(0, line.find('('));
      if (name == line || name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") != name.npos) continue;
      const int number = ++seen[name];
      has_begun = has_begun || line.find(subject.dir() + "/state") != line.npos;
      if (has_begun && name != "exit_group") all.push_back({name, number});
    }
    return all;
  }
  // Another command; then what it left has to be whole.
  void expect_whole() {
    const Finished listed = microvm({"ps", "-a", "--output", "json"});
    ASSERT_EQ(listed.status, ExitStatus{.code = 0}) << listed.err;
    const auto vms = subject.runtime().list();
    ASSERT_TRUE(vms) << vms.error().message;
    if (!vms->empty()) {
      const VmInfo& vm = vms->front();
      EXPECT_EQ(vm.operation, "");
      const std::size_t live = vm.state == VmState::Exited ? 0 : 2;
      EXPECT_TRUE(eventually([&] { return subject.processes().size() == live; }, 10s)) << state_name(vm.state);
      const auto removed = subject.runtime().remove("vm", true);
      EXPECT_TRUE(removed) << removed.error().message;
    }
    EXPECT_TRUE(eventually([&] { return subject.processes().empty(); }, 10s));
    EXPECT_THAT(subject.files(), IsEmpty());
    EXPECT_FALSE(exists(subject.dir() + "/v.sock"));
  }

  Subject subject;
};

TEST_P(Calls, KilledBeforeEach) {
  const std::vector<Call> all = calls();
  ASSERT_GT(all.size(), 50U);
  const std::size_t stride = std::getenv("FAULTS_LONG") == nullptr ? 7 : 1;
  int killed = 0;
  for (std::size_t i = 0; i < all.size(); i += stride) {
    const Call& call = all[i];
    SCOPED_TRACE(call.name + " number " + std::to_string(call.number));
    prepare();
    const std::string fault = "inject=" + call.name + ":signal=KILL:when=" + std::to_string(call.number);
    const Finished done =
        microvm(GetParam().words, {"strace", "-qqq", "-o", "/dev/null", "-e", "trace=all", "-e", fault});
    killed += done.status.signal == SIGKILL ? 1 : 0;
    expect_whole();
    if (HasFailure()) return;
  }
  std::cout << "killed at " << killed << " of " << all.size() << " calls\n";
  // Waits take another number of looks now and then.
  EXPECT_GT(killed, static_cast<int>(all.size() / stride / 2));
}

std::string name_of_command(const testing::TestParamInfo<Command>& command) { return command.param.name; }
INSTANTIATE_TEST_SUITE_P(All, Calls, testing::ValuesIn(commands()), name_of_command);

}  // namespace
}  // namespace microvm::test
